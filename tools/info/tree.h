// A host as a tree, for text and pictures: packages, NUMA nodes, cores that share an L3.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "topology/job.h"

namespace weft::tools {

struct CacheGroup {
  int l3 = -1;  // topology::Core::l3; -1: no L3 is known
  std::vector<topology::Core> cores;
};

struct NodeGroup {
  int number = -1;   // -1: what lies in no node alone
  std::string name;  // "NUMA node 0", "any NUMA node"
  const topology::NumaNode* node = nullptr;
  std::vector<CacheGroup> caches;
  std::vector<int> nics;  // in Host::nics
};

struct PackageGroup {
  int number = -1;               // -1: what lies in no package alone
  std::string name;              // "package 0", "any package", "no package is known"
  std::vector<NodeGroup> nodes;  // by number; one with -1 comes last
};

// Every core and device of the host is in the tree once, and there is a NodeGroup for each of
// `places`. Packages by number; one with -1 comes last. Points into `host`.
std::vector<PackageGroup> make_tree(const topology::Host& host,
                                    std::span<const topology::Place> places = {});

}  // namespace weft::tools
