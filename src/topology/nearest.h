// Which of several devices a rank should use: the nearest ones, or its share of them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "topology/host.h"

namespace weft::topology {

// `distances`: from a rank to each device. Of the n nearest devices, in their order, those for the
// rank `local_index` of `local_ranks` that are as near to them. With at least as many ranks as
// devices each rank gets one, and neighbours in rank get the same one; with fewer ranks each gets
// n / local_ranks of them, rounded up, side by side (rails). One rank alone gets all.
// 0 <= local_index < local_ranks.
std::vector<int> choose_nics(std::span<const std::uint64_t> distances, int local_index = 0,
                             int local_ranks = 1);

// From this process to devices of which the NUMA nodes are known, -1 where they are not. An unknown
// node counts as near, since a machine that does not tell has mostly one.
std::vector<std::uint64_t> distances_to(const Host& host, std::span<const int> numa_nodes);

}  // namespace weft::topology
