#include "topology/spread.h"

#include <algorithm>

namespace weft::topology {

std::vector<std::vector<int>> spread(const Host& host, int ranks) {
  std::vector<std::vector<int>> cores(static_cast<std::size_t>(ranks));
  const auto count = static_cast<std::int64_t>(host.core_ids.size());
  for (std::int64_t rank = 0; rank < ranks && count > 0; ++rank) {
    const std::int64_t first = rank * count / ranks;
    const std::int64_t end = std::max((rank + 1) * count / ranks, first + 1);
    cores[static_cast<std::size_t>(rank)] = {host.core_ids.begin() + first,
                                             host.core_ids.begin() + end};
  }
  return cores;
}

}  // namespace weft::topology
