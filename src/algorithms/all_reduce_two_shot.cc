// Rank r reduces block r of everyone, in rank order, and writes the result to everyone's output.
#include "algorithms/builder.h"
#include "algorithms/generators.h"

namespace weft::algorithms {

schedule::Schedule all_reduce_two_shot(const PlanInput& plan) {
  const int p = plan.ranks;
  const int r = plan.rank;
  Builder builder(plan, "two_shot", p);
  if (p == 1) return builder.alone();
  builder.reserve(3 * p + p / 3);
  const int scatter = builder.add_peer_slots(1);  // shares of the block reduced here
  const int gather = builder.add_peer_slots(1);   // blocks that the peers reduced
  const int scratch = builder.add_scratch();

  builder.scatter(scatter);
  const std::vector<schedule::Operand> sources = builder.wait_shares(scatter);
  std::vector<schedule::Destination> everyone = {to(output(r, r))};
  for (int distance = 1; distance < p; ++distance) {
    const int q = around(r, distance, p);
    everyone.push_back(to_output(q, r, from_peer(gather, r, q)));
  }
  builder.reduce({r}, sources, everyone, slot(r, scratch), true);
  for (int distance = 1; distance < p; ++distance) {
    const int q = around(r, -distance, p);
    builder.wait(q, from_peer(gather, q, r), {q}, output(r, q));
  }
  return builder.build();
}

}  // namespace weft::algorithms
