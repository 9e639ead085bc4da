// Rank r reads block r of everyone's input in place and writes everyone's output in place. Only
// rank r touches block r, so the outputs may be the inputs.
#include "algorithms/direct.h"
#include "algorithms/generators.h"

namespace weft::algorithms {

schedule::Schedule all_reduce_two_shot_direct(const PlanInput& plan) {
  return reduce_own_block(plan, "two_shot_direct", every_output(plan));
}

}  // namespace weft::algorithms
