// Everyone reads the root's input in place. Signals tell everyone that all have started, and the
// root that all have read.
#include "algorithms/builder.h"
#include "algorithms/generators.h"

namespace weft::algorithms {

schedule::Schedule broadcast_one_shot_direct(const PlanInput& plan) {
  const int p = plan.ranks;
  const int r = plan.rank;
  const int root = plan.root;
  Builder builder(plan, "one_shot_direct", 1, true);
  if (p == 1) return builder.alone();
  const int first = builder.add_peer_slots(0);

  if (r == root) {
    builder.signal_all(first);
    builder.copy({}, input(r, 0), {to(output(r, 0))});
    builder.wait_all(first);  // raised by readers that are done
    return builder.build();
  }
  for (int distance = 1; distance < p; ++distance) {
    const int q = around(r, distance, p);
    if (q != root) builder.signal(q, from_peer(first, r, q));
  }
  builder.wait(root, from_peer(first, root, r));
  builder.copy({}, input(root, 0), {to(output(r, 0))});
  builder.signal(root, from_peer(first, r, root));
  for (int distance = 1; distance < p; ++distance) {
    const int q = around(r, -distance, p);
    if (q != root) builder.wait(q, from_peer(first, q, r));
  }
  return builder.build();
}

}  // namespace weft::algorithms
