// Everyone puts its input into a slot of the root, which reduces all of them in rank order.
// Everyone but the root also signals everyone, and so does the root, so that nobody ends before all
// have started; those signals travel while the data does. Where passes trail, the root alone tells
// the others now and then how far all have come.
#include "algorithms/builder.h"
#include "algorithms/generators.h"

namespace weft::algorithms {

schedule::Schedule reduce_one_shot(const PlanInput& plan) {
  const int p = plan.ranks;
  const int r = plan.rank;
  const int root = plan.root;
  Builder builder(plan, "one_shot", 1);
  if (p == 1) return builder.alone();
  if (plan.trails) builder.trail();
  const int first = builder.add_peer_slots(1);  // data at the root only
  const int scratch = builder.add_scratch();

  if (plan.trails && r != root) builder.trailing_wait(root, from_peer(first, root, r));
  if (r != root) builder.copy({}, input(r, 0), {to_slot(root, from_peer(first, r, root))});
  if (plan.trails && r != root) return builder.build();
  for (int distance = 1; distance < p && !plan.trails; ++distance) {
    const int q = around(r, distance, p);
    if (q != root) builder.signal(q, from_peer(first, r, q));
  }
  if (r != root) {
    builder.wait_all(first);
    return builder.build();
  }
  std::vector<schedule::Operand> sources;
  for (int q = 0; q < p; ++q) {
    const int number = from_peer(first, q, r);
    if (q != r) builder.wait_slot(q, number);
    sources.push_back(q == r ? input(r, 0) : slot(r, number));
  }
  if (plan.trails) builder.trailing_signal_all(first);
  builder.reduce({}, sources, {to(output(r, 0))}, slot(r, scratch), true);
  return builder.build();
}

}  // namespace weft::algorithms
