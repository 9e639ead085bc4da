// Everyone sends block q straight to rank q, which reduces all of them in rank order.
#include "algorithms/builder.h"
#include "algorithms/generators.h"

namespace weft::algorithms {

schedule::Schedule reduce_scatter_one_shot(const PlanInput& plan) {
  const int p = plan.ranks;
  const int r = plan.rank;
  Builder builder(plan, "one_shot", p);
  if (p == 1) return builder.alone();
  const int first = builder.add_peer_slots(1);
  const int scratch = builder.add_scratch();
  builder.scatter(first);
  const std::vector<schedule::Operand> sources = builder.wait_shares(first);
  builder.reduce({r}, sources, {to(output(r, 0))}, slot(r, scratch), true);
  return builder.build();
}

}  // namespace weft::algorithms
