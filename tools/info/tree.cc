#include "tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <climits>

namespace weft::tools {
namespace {

// The entry with this number, made at its place where there is none.
template <typename Group>
Group& entry(std::vector<Group>& groups, int number) {
  const auto order = [](int n) { return n < 0 ? INT_MAX : n; };
  auto at = std::ranges::find_if(groups,
                                 [&](const Group& g) { return order(g.number) >= order(number); });
  if (at == groups.end() || at->number != number) {
    at = groups.insert(at, Group{});
    at->number = number;
  }
  return *at;
}

NodeGroup& group_of(std::vector<PackageGroup>& tree, int package, int node) {
  return entry(entry(tree, package).nodes, node);
}

CacheGroup& cache_of(NodeGroup& node, int l3) {
  const auto found = std::ranges::find(node.caches, l3, &CacheGroup::l3);
  if (found != node.caches.end()) return *found;
  node.caches.push_back({l3, {}});
  return node.caches.back();
}

}  // namespace

std::vector<PackageGroup> make_tree(const topology::Host& host,
                                    std::span<const topology::Place> places) {
  std::vector<PackageGroup> tree;
  for (const topology::Core& core : host.present)
    cache_of(group_of(tree, core.package, core.numa_node), core.l3).cores.push_back(core);
  for (std::size_t i = 0; i < host.nics.size(); ++i) {
    const topology::Nic& nic = host.nics[i];
    group_of(tree, nic.package, nic.numa_node).nics.push_back(static_cast<int>(i));
  }
  for (const topology::Place& place : places) group_of(tree, place.package, place.numa_node);
  for (const topology::NumaNode& node : host.nodes) {
    // Memory lies with the cores beside it, also where its own package is not known.
    bool found = false;
    for (PackageGroup& package : tree) {
      for (NodeGroup& group : package.nodes) {
        if (group.number != node.id) continue;
        group.node = &node;
        found = true;
      }
    }
    if (!found) group_of(tree, node.package, node.id).node = &node;
  }
  for (PackageGroup& package : tree) {
    package.name = package.number >= 0 ? fmt::format("package {}", package.number)
                   : tree.size() > 1   ? "any package"
                                       : "no package is known";
    for (NodeGroup& node : package.nodes)
      node.name = node.number >= 0 ? fmt::format("NUMA node {}", node.number) : "any NUMA node";
  }
  return tree;
}

}  // namespace weft::tools
