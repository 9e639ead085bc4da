// Every rank reads its block of all inputs in place. Nobody else touches that block, so the output
// may be the own block of the input.
#include "algorithms/direct.h"
#include "algorithms/generators.h"

namespace weft::algorithms {

schedule::Schedule reduce_scatter_one_shot_direct(const PlanInput& plan) {
  return reduce_own_block(plan, "one_shot_direct", {to(output(plan.rank, 0))});
}

}  // namespace weft::algorithms
