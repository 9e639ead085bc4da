// Every rank reads its block of all inputs in place. Nobody else touches that block, so the output
// may be the own block of the input.
#include "algorithms/builder.h"
#include "algorithms/generators.h"

namespace weft::algorithms {

schedule::Schedule reduce_scatter_one_shot_direct(const PlanInput& plan) {
  const int p = plan.ranks;
  const int r = plan.rank;
  Builder builder(plan, "one_shot_direct", p, true);
  if (p == 1) return builder.alone();
  builder.reserve(4 * p + p / 3);
  const int entry = builder.add_peer_slots(0);
  const int done = builder.add_peer_slots(0);
  const int scratch = builder.add_scratch();

  builder.signal_all(entry);
  builder.wait_all(entry);
  std::vector<schedule::Operand> sources;
  for (int q = 0; q < p; ++q) sources.push_back(input(q, r));
  builder.reduce({r}, sources, {to(output(r, 0))}, slot(r, scratch), true);
  builder.signal_all(done);
  builder.wait_all(done);
  return builder.build();
}

}  // namespace weft::algorithms
