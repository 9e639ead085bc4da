// Everyone puts its block into a slot of everyone. Not into the output: that peer may not have
// started.
#include "algorithms/builder.h"
#include "algorithms/generators.h"

namespace weft::algorithms {

schedule::Schedule all_gather_one_shot(const PlanInput& plan) {
  const int p = plan.ranks;
  const int r = plan.rank;
  Builder builder(plan, "one_shot", p);
  if (p == 1) return builder.alone();
  const int first = builder.add_peer_slots(1);

  std::vector<schedule::Destination> targets;
  for (int distance = 1; distance < p; ++distance) {
    const int q = around(r, distance, p);
    targets.push_back(to_slot(q, from_peer(first, r, q)));
  }
  targets.push_back(to(output(r, r)));
  builder.copy({r}, input(r, 0), targets);
  for (int distance = 1; distance < p; ++distance) {
    const int q = around(r, -distance, p);
    const int number = from_peer(first, q, r);
    builder.wait_slot(q, number, {q});
    builder.copy({q}, slot(r, number), {to(output(r, q))});
  }
  return builder.build();
}

}  // namespace weft::algorithms
