#include "topology/summary.h"

#include "base/error.h"

#include <algorithm>
#include <set>

namespace weft::topology {
namespace {

// The least distance from any of the nodes `from` (empty: any at all) to each, by number.
std::vector<std::uint64_t> distances_from(const Host& host, const std::set<int>& from) {
  std::vector<std::uint64_t> distances;
  const std::size_t count = host.nodes.size();
  if (host.node_distances.size() != count * count) return distances;
  for (std::size_t to = 0; to < count; ++to) {
    const auto number = static_cast<std::size_t>(host.nodes[to].id);
    if (distances.size() <= number) distances.resize(number + 1, kFar);
    for (std::size_t row = 0; row < count; ++row) {
      if (!from.empty() && !from.contains(host.nodes[row].id)) continue;
      distances[number] = std::min(distances[number], host.node_distances[row * count + to]);
    }
  }
  return distances;
}

std::uint64_t distance_to(const Host& host, const Nic& nic) {
  std::uint64_t least = kFar;
  for (const NumaNode& node : host.nodes) {
    const auto number = static_cast<std::size_t>(node.id);
    const bool here = nic.numa_node >= 0 ? node.id == nic.numa_node : node.package == nic.package;
    if (here && number < host.numa_distances.size())
      least = std::min(least, host.numa_distances[number]);
  }
  // A device whose place is unknown counts as near: a machine that does not tell has mostly one.
  const bool unknown = nic.numa_node < 0 && nic.package < 0;
  return unknown || least == kFar ? kNear : least;
}

}  // namespace

void summarize(Host& host) {
  std::set<int> nodes;
  int processors = 0;
  host.core_ids.clear();
  for (const Core& core : host.present) {
    if (core.usable == 0) continue;
    host.core_ids.push_back(core.id);
    processors += core.usable;
    if (core.numa_node >= 0) nodes.insert(core.numa_node);
  }
  if (processors > 0) {
    host.processors = processors;
    host.cores = static_cast<int>(host.core_ids.size());
  }
  if (host.quota > 0) {
    host.processors = std::min(host.processors, host.quota);
    host.cores = std::min(host.cores, host.quota);
  }
  host.numa_nodes = std::max(1, static_cast<int>(nodes.size()));
  host.numa_distances = distances_from(host, nodes);
  for (Nic& nic : host.nics) nic.distance = distance_to(host, nic);
}

Host seen_from(const Host& host, std::span<const int> cores) {
  const std::set<int> wanted(cores.begin(), cores.end());
  Host other = host;
  std::size_t found = 0;
  for (Core& core : other.present) {
    const bool here = wanted.contains(core.id);
    core.usable = here ? core.allowed : 0;
    if (here && core.allowed == 0) {
      fail(ErrorCode::invalid_argument, "core {} is there, but this process may not use it",
           core.id);
    }
    found += here ? 1 : 0;
  }
  if (found < wanted.size() || wanted.empty()) {
    const auto known = [&](int id) {
      return std::ranges::find(other.present, id, &Core::id) != other.present.end();
    };
    const auto missing = std::ranges::find_if_not(wanted, known);
    if (missing == wanted.end()) fail(ErrorCode::invalid_argument, "no core was named");
    fail(ErrorCode::invalid_argument, "there is no core {}: cores go by their first processor",
         *missing);
  }
  summarize(other);
  return other;
}

}  // namespace weft::topology
