// Hierarchical algorithms: what happens inside groups is fixed, what happens between them is a
// generator of a flat algorithm.
#pragma once

#include "algorithms/generators.h"

namespace weft::algorithms {

// `between` runs among those that are left when every group has done its part.
using Hierarchical = schedule::Schedule(const PlanInput& plan, Generator* between);

Hierarchical all_gather_split_rail;
Hierarchical all_reduce_leader;
Hierarchical all_reduce_split_rail;
Hierarchical barrier_leader;
Hierarchical broadcast_leader;
Hierarchical reduce_leader;
Hierarchical reduce_scatter_split_rail;

// The generator of one, for the registry.
template <Hierarchical* kInside, Generator* kBetween>
schedule::Schedule hierarchical(const PlanInput& plan) {
  return kInside(plan, kBetween);
}

}  // namespace weft::algorithms
