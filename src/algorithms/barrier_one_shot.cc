// Everyone signals everyone.
#include "algorithms/builder.h"
#include "algorithms/generators.h"

namespace weft::algorithms {

schedule::Schedule barrier_one_shot(const PlanInput& plan) {
  Builder builder(plan, "one_shot", 0);
  if (plan.ranks == 1) return builder.alone();
  const int first = builder.add_peer_slots(0);
  builder.signal_all(first);
  builder.wait_all(first);
  return builder.build();
}

}  // namespace weft::algorithms
