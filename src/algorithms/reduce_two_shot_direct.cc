// Rank r reads block r of everyone's input in place and writes it to the root's output in place.
// Only rank r touches block r.
#include "algorithms/builder.h"
#include "algorithms/generators.h"

namespace weft::algorithms {

schedule::Schedule reduce_two_shot_direct(const PlanInput& plan) {
  const int p = plan.ranks;
  const int r = plan.rank;
  Builder builder(plan, "two_shot_direct", p, true);
  if (p == 1) return builder.alone();
  builder.reserve(4 * p + p / 3);
  const int entry = builder.add_peer_slots(0);
  const int done = builder.add_peer_slots(0);
  const int scratch = builder.add_scratch();

  builder.signal_all(entry);
  builder.wait_all(entry);
  std::vector<schedule::Operand> sources;
  for (int q = 0; q < p; ++q) sources.push_back(input(q, r));
  builder.reduce({r}, sources, {to(output(plan.root, r))}, slot(r, scratch), true);
  builder.signal_all(done);
  builder.wait_all(done);
  return builder.build();
}

}  // namespace weft::algorithms
