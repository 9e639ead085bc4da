// What a Host says about one process, from what it says about the machine.
#pragma once

#include "topology/host.h"

namespace weft::topology {

// As firmware counts (ACPI's SLIT), and what stands for it where nothing is said.
inline constexpr std::uint64_t kNear = 10;         // a memory from the node itself
inline constexpr std::uint64_t kSamePackage = 15;  // another node of the same package
inline constexpr std::uint64_t kOther = 20;        // any other node
inline constexpr std::uint64_t kFar = 255;         // no such node

// Fills cores, processors, core_ids, numa_nodes, numa_distances and the distances of the devices
// from `present` (its `usable`), `nodes`, `node_distances` and `quota`. Where no core is usable
// or known, the defaults stay.
void summarize(Host& host);

}  // namespace weft::topology
