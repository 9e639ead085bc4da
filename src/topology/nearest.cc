#include "topology/nearest.h"

#include <algorithm>

namespace weft::topology {
namespace {

// The distance of a memory in the node itself, as firmware counts (ACPI's SLIT).
constexpr std::uint64_t kNear = 10;
constexpr std::uint64_t kFar = 255;

std::uint64_t distance(const Host& host, int node) {
  const auto index = static_cast<std::size_t>(node);
  if (node < 0 || host.numa_distances.empty()) return kNear;
  return index < host.numa_distances.size() ? host.numa_distances[index] : kFar;
}

}  // namespace

std::vector<int> nearest(const Host& host, const std::vector<int>& numa_nodes) {
  std::uint64_t least = kFar;
  for (const int node : numa_nodes) least = std::min(least, distance(host, node));
  std::vector<int> chosen;
  for (std::size_t i = 0; i < numa_nodes.size(); ++i) {
    if (distance(host, numa_nodes[i]) <= least) chosen.push_back(static_cast<int>(i));
  }
  return chosen;
}

}  // namespace weft::topology
