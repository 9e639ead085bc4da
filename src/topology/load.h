// hwloc's topologies, loaded. They hold all that is there, also what a control group forbids.
#pragma once

#include <hwloc.h>

#include <memory>
#include <string>

namespace weft::topology {

struct Destroy {
  void operator()(hwloc_topology* topology) const { hwloc_topology_destroy(topology); }
};
using Topology = std::unique_ptr<hwloc_topology, Destroy>;

// This host: processors, cores, memory and caches; with `devices` network devices too. Null where
// hwloc fails.
Topology load_this_host(bool devices);

// A described one, with its devices. Throws Error(invalid_argument). May crash on hostile text,
// since hwloc does.
Topology load_xml(const std::string& text);
Topology load_synthetic(const std::string& description);

}  // namespace weft::topology
