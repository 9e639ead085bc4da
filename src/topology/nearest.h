// Which of several devices are nearest to where this process runs.
#pragma once

#include <vector>

#include "topology/host.h"

namespace weft::topology {

// `numa_nodes`: of each device, -1 where it is unknown. Returns the indices of those to use: all
// that are at the least distance, in their order. An unknown node counts as near, since a machine
// that does not tell has mostly one.
std::vector<int> nearest(const Host& host, const std::vector<int>& numa_nodes);

}  // namespace weft::topology
