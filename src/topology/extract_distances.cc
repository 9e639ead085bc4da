#include <algorithm>
#include <memory>

#include "base/error.h"
#include "topology/extract.h"
#include "topology/summary.h"

namespace weft::topology {
namespace {

using Matrix = std::vector<std::uint64_t>;

constexpr std::size_t kMaxNodes = 1024;

// The firmware's table, in the order of host.nodes; empty where there is none for all of them.
Matrix firmware_table(hwloc_topology_t topology, const Host& host) {
  hwloc_distances_s* table = nullptr;
  unsigned count = 1;
  if (hwloc_distances_get_by_type(topology, HWLOC_OBJ_NUMANODE, &count, &table,
                                  HWLOC_DISTANCES_KIND_MEANS_LATENCY, 0) != 0 ||
      count == 0)
    return {};
  const auto release = [topology](hwloc_distances_s* d) { hwloc_distances_release(topology, d); };
  const std::unique_ptr<hwloc_distances_s, decltype(release)> owner(table, release);
  Matrix matrix;
  for (const NumaNode& from : host.nodes) {
    for (const NumaNode& to : host.nodes) {
      const auto node = [topology](const NumaNode& n) {
        return hwloc_get_numanode_obj_by_os_index(topology, static_cast<unsigned>(n.id));
      };
      hwloc_uint64_t there = 0;
      hwloc_uint64_t back = 0;
      if (hwloc_distances_obj_pair_values(table, node(from), node(to), &there, &back) != 0)
        return {};
      matrix.push_back(there);
    }
  }
  return matrix;
}

// No memory is nearer to a node than its own.
bool contradicts_itself(const Matrix& matrix, std::size_t nodes) {
  for (std::size_t row = 0; row < nodes; ++row) {
    const auto begin = matrix.begin() + static_cast<std::ptrdiff_t>(row * nodes);
    const std::uint64_t least =
        *std::min_element(begin, begin + static_cast<std::ptrdiff_t>(nodes));
    if (least == 0 || matrix[row * nodes + row] > least) return true;
  }
  return false;
}

// Measured tables hold nanoseconds: brought to firmware's scale, where 10 is near.
void scale(Matrix& matrix) {
  const std::uint64_t least = *std::ranges::min_element(matrix);
  const bool foreign = std::ranges::any_of(matrix, [](std::uint64_t d) { return d >= kFar; });
  for (std::uint64_t& distance : matrix) {
    const double scaled = static_cast<double>(distance) / static_cast<double>(least) * kNear;
    if (foreign) distance = static_cast<std::uint64_t>(std::min<double>(scaled, kFar - 1));
  }
}

Matrix by_packages(const Host& host) {
  Matrix matrix;
  for (const NumaNode& from : host.nodes) {
    for (const NumaNode& to : host.nodes) {
      const bool together = from.package >= 0 && from.package == to.package;
      matrix.push_back(from.id == to.id ? kNear : together ? kSamePackage : kOther);
    }
  }
  return matrix;
}

}  // namespace

void extract_distances(hwloc_topology_t topology, Host& host) {
  const std::size_t nodes = host.nodes.size();
  if (nodes > kMaxNodes)
    fail(ErrorCode::invalid_argument, "it has more than {} NUMA nodes", kMaxNodes);
  host.node_distances = firmware_table(topology, host);
  if (!host.node_distances.empty() && contradicts_itself(host.node_distances, nodes)) {
    host.notes.emplace_back(
        "the table of NUMA distances is ignored: it says that a node's own memory is not the "
        "nearest");
    host.node_distances.clear();
  }
  if (host.node_distances.empty()) {
    host.node_distances = by_packages(host);
  } else {
    scale(host.node_distances);
  }
}

}  // namespace weft::topology
