// From hwloc's objects to plain data.
#pragma once

#include <hwloc.h>

#include "topology/host.h"

namespace weft::topology {

// Fills present, nodes, node_distances, l2_bytes, l3_bytes and nics, and adds notes on what was
// contradictory. `bound`: the processors of this process's binding; null: all. Throws
// Error(invalid_argument) where there is no processor to run on or too much of anything.
void extract(hwloc_topology_t topology, hwloc_const_bitmap_t bound, Host& host);

// Packages by the numbers of the operating system, or counted where these are not one for each.
class Packages {
 public:
  explicit Packages(hwloc_topology_t topology);
  int of(hwloc_obj_t object) const;  // the number of its package; -1: in none or in several
  bool numbered() const { return numbered_; }

 private:
  hwloc_topology_t topology_;
  bool numbered_ = true;
};

// Parts of it.
void extract_distances(hwloc_topology_t topology, Host& host);                       // needs nodes
void extract_nics(hwloc_topology_t topology, const Packages& packages, Host& host);  // nodes too

}  // namespace weft::topology
