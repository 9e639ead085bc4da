#include "algorithms/registry.h"

#include "algorithms/table.h"

#include <bit>

namespace weft::algorithms {

std::span<const Algorithm> all() { return kAlgorithms; }

const Algorithm* find(Collective collective, std::string_view name) {
  return find_in_table(collective, name);
}

bool supports(const Algorithm& algorithm, int ranks) {
  if (ranks < 1 || ranks > algorithm.max_ranks) return false;
  return !algorithm.power_of_two || std::has_single_bit(static_cast<unsigned>(ranks));
}

}  // namespace weft::algorithms
