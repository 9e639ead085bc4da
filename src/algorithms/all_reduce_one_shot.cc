// Slot q at every rank takes rank q's whole input; everyone reduces everything, in rank order, so
// the bits are equal.
#include "algorithms/builder.h"
#include "algorithms/generators.h"

namespace weft::algorithms {

schedule::Schedule all_reduce_one_shot(const PlanInput& plan) {
  Builder builder(plan, "one_shot", 1);
  if (plan.ranks == 1) return builder.alone();
  const int r = plan.rank;
  const int first = builder.add_peer_slots(1);
  const int scratch = builder.add_scratch();

  std::vector<schedule::Destination> peers;
  for (int distance = 1; distance < plan.ranks; ++distance) {
    const int q = around(r, distance, plan.ranks);
    peers.push_back(to_slot(q, from_peer(first, r, q)));
  }
  builder.copy({}, input(r, 0), peers);

  std::vector<schedule::Operand> sources;
  for (int q = 0; q < plan.ranks; ++q) {
    const int number = from_peer(first, q, r);
    if (q != r) builder.wait_slot(q, number);
    sources.push_back(q == r ? input(q, 0) : slot(r, number));
  }
  // Partial results do not go to the output, which may be the input.
  builder.reduce({}, sources, {to(output(r, 0))}, slot(r, scratch), true);
  return builder.build();
}

}  // namespace weft::algorithms
