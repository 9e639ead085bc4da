// Flat algorithms on ranks that are numbered otherwise than they are placed.
#pragma once

#include "algorithms/generators.h"

namespace weft::algorithms {

// The generator's schedule on the ranks in the order in which they lie: ranks of a group follow
// each other, so rings and trees cross the borders of hosts and packages as rarely as can be.
schedule::Schedule in_order(const PlanInput& plan, Generator* generator);

template <Generator* kGenerator>
schedule::Schedule ordered(const PlanInput& plan) {
  return plan.shape == nullptr || plan.shape->levels.empty() ? kGenerator(plan)
                                                             : in_order(plan, kGenerator);
}

}  // namespace weft::algorithms
