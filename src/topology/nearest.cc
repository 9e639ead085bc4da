#include "topology/nearest.h"

#include <algorithm>

#include "topology/summary.h"

namespace weft::topology {

std::vector<int> choose_nics(std::span<const std::uint64_t> distances, int local_index,
                             int local_ranks) {
  if (distances.empty()) return {};
  const std::uint64_t least = *std::ranges::min_element(distances);
  std::vector<int> near;
  for (std::size_t i = 0; i < distances.size(); ++i) {
    if (distances[i] == least) near.push_back(static_cast<int>(i));
  }
  // The first share starts at the first device and the last one ends at the last.
  const auto devices = static_cast<std::int64_t>(near.size());
  const std::int64_t first = local_index * devices / local_ranks;
  const std::int64_t count = (devices + local_ranks - 1) / local_ranks;
  return {near.begin() + first, near.begin() + first + count};
}

std::vector<std::uint64_t> distances_to(const Host& host, std::span<const int> numa_nodes) {
  std::vector<std::uint64_t> distances;
  for (const int node : numa_nodes) {
    const auto index = static_cast<std::size_t>(node);
    if (node < 0 || host.numa_distances.empty()) {
      distances.push_back(kNear);
    } else {
      distances.push_back(index < host.numa_distances.size() ? host.numa_distances[index] : kFar);
    }
  }
  return distances;
}

}  // namespace weft::topology
