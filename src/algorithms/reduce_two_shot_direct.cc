// Rank r reads block r of everyone's input in place and writes it to the root's output in place.
// Only rank r touches block r.
#include "algorithms/direct.h"
#include "algorithms/generators.h"

namespace weft::algorithms {

schedule::Schedule reduce_two_shot_direct(const PlanInput& plan) {
  return reduce_own_block(plan, "two_shot_direct", {to(output(plan.root, plan.rank))});
}

}  // namespace weft::algorithms
