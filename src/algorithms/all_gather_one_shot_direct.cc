// Everyone writes its block to everyone's output, once all have started.
#include "algorithms/direct.h"
#include "algorithms/generators.h"

namespace weft::algorithms {

schedule::Schedule all_gather_one_shot_direct(const PlanInput& plan) {
  return between_meetings(plan, "one_shot_direct", [&](Builder& builder) {
    builder.copy({plan.rank}, input(plan.rank, 0), every_output(plan));
  });
}

}  // namespace weft::algorithms
