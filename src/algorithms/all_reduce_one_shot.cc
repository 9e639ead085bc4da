// Slot q at every rank takes rank q's whole input; everyone reduces everything, in rank order, so
// the bits are equal.
#include "algorithms/builder.h"
#include "algorithms/generators.h"

namespace weft::algorithms {

schedule::Schedule all_reduce_one_shot(const PlanInput& plan) {
  Builder builder(plan, "one_shot", 1);
  if (plan.ranks == 1) return builder.alone();
  const int first = builder.add_slots(plan.ranks, 1);

  std::vector<schedule::Destination> peers;
  for (int distance = 1; distance < plan.ranks; ++distance) {
    peers.push_back(to_slot(around(plan.rank, distance, plan.ranks), first + plan.rank));
  }
  builder.copy({}, input(plan.rank, 0), peers);

  std::vector<schedule::Operand> sources;
  for (int q = 0; q < plan.ranks; ++q) {
    if (q != plan.rank) builder.wait_slot(q, first + q);
    sources.push_back(q == plan.rank ? input(q, 0) : slot(plan.rank, first + q));
  }
  // The own slot receives nothing. Partial results go there and not to the output, which may be the
  // input.
  builder.reduce({}, sources, {to(output(plan.rank, 0))}, slot(plan.rank, first + plan.rank), true);
  return builder.build();
}

}  // namespace weft::algorithms
