// What hwloc says about this host, as plain data. host.cc is the one place that includes hwloc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace weft::topology {

struct Host {
  // The same for all processes that share this machine's cores, containers too, and for no others.
  std::string machine;
  int cores = 1;              // physical cores this process may run on (its binding, its cgroup)
  int processors = 1;         // logical processors it may run on
  std::vector<int> core_ids;  // of those cores, numbered alike in every process of the host
  int quota = 0;              // processors that its control group may use in all; 0: no limit
  int numa_nodes = 1;
  // From the cores of this process (the nearest of them) to each NUMA node, by the node's number in
  // the operating system; 10 is near, 255: there is no such node. Empty: unknown.
  std::vector<std::uint64_t> numa_distances;
  std::size_t l2_bytes = 0;  // of one core; 0: unknown
  std::size_t l3_bytes = 0;  // the largest L3; 0: none or unknown
};

// Probes this host. Never throws; what is unknown keeps its default.
Host probe_host();

}  // namespace weft::topology
