// Rank r reduces block r of everyone, in rank order, and the root gathers the results. Every rank
// hears from every other.
#include "algorithms/builder.h"
#include "algorithms/generators.h"

namespace weft::algorithms {

schedule::Schedule reduce_reduce_scatter_gather(const PlanInput& plan) {
  const int p = plan.ranks;
  const int r = plan.rank;
  const int root = plan.root;
  Builder builder(plan, "reduce_scatter_gather", p);
  if (p == 1) return builder.alone();
  const int scatter = builder.add_peer_slots(1);  // shares of the block reduced here
  const int gather = builder.add_peer_slots(1);   // at the root: the reduced blocks
  const int partial = builder.add_slots(1, 1);
  if (p > schedule::kMaxSources) builder.keep_partial_sums();

  builder.scatter(scatter);
  const std::vector<schedule::Operand> sources = builder.wait_shares(scatter);
  const schedule::Operand scratch = slot(r, partial);
  if (r != root) {
    builder.reduce({r}, sources, {to_output(root, r, from_peer(gather, r, root))}, scratch, true);
    return builder.build();
  }
  builder.reduce({r}, sources, {to(output(r, r))}, scratch, true);
  for (int distance = 1; distance < p; ++distance) {
    const int q = around(r, -distance, p);
    builder.wait(q, from_peer(gather, q, r), {q}, output(r, q));
  }
  return builder.build();
}

}  // namespace weft::algorithms
