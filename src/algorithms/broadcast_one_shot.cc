// The root puts its input into a slot of everyone. Everyone else signals everyone, so that nobody
// ends before all have started; those signals travel while the data does. Where passes trail, the
// root does not wait, and only now and then looks how far the others have come.
#include "algorithms/builder.h"
#include "algorithms/generators.h"

namespace weft::algorithms {

schedule::Schedule broadcast_one_shot(const PlanInput& plan) {
  const int p = plan.ranks;
  const int r = plan.rank;
  const int root = plan.root;
  Builder builder(plan, "one_shot", 1);
  if (p == 1) return builder.alone();
  if (plan.trails) builder.trail();
  const int first = builder.add_peer_slots(0);
  const int data = builder.add_slots(1, 1);

  if (r == root) {
    if (plan.trails) builder.trailing_wait_all(first);
    std::vector<schedule::Destination> targets;
    for (int distance = 1; distance < p; ++distance) {
      targets.push_back(to_slot(around(r, distance, p), data));
    }
    targets.push_back(to(output(r, 0)));
    builder.copy({}, input(r, 0), targets);
  } else {
    if (plan.trails)
      builder.trailing_signal(root, from_peer(first, r, root));
    else
      builder.signal_all(first);
    builder.wait_slot(root, data);
    builder.copy({}, slot(r, data), {to(output(r, 0))});
  }
  if (plan.trails) return builder.build();
  for (int distance = 1; distance < p; ++distance) {
    const int q = around(r, -distance, p);
    if (q != root) builder.wait(q, from_peer(first, q, r));
  }
  return builder.build();
}

}  // namespace weft::algorithms
