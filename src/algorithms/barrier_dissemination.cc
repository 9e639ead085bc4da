// Rounds of signals to the ranks 1, 2, 4, ... further on.
#include "algorithms/dissemination.h"
#include "algorithms/generators.h"

namespace weft::algorithms {

schedule::Schedule barrier_dissemination(const PlanInput& plan) {
  Builder builder(plan, "dissemination", 0);
  if (plan.ranks == 1) return builder.alone();
  Dissemination barrier(builder, plan.rank, plan.ranks);
  for (int k = 0; k < barrier.rounds(); ++k) {
    barrier.signal(k);
    barrier.wait(k);
  }
  return builder.build();
}

}  // namespace weft::algorithms
