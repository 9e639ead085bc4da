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
  const int first = builder.add_slots(p, 0);

  if (r == root) {
    builder.signal_all(first);
    builder.copy({}, input(r, 0), {to(output(r, 0))});
    builder.wait_all(first);  // raised by readers that are done
    return builder.build();
  }
  for (int distance = 1; distance < p; ++distance) {
    const int q = around(r, distance, p);
    if (q != root) builder.signal(q, first + r);
  }
  builder.wait(root, first + root);
  builder.copy({}, input(root, 0), {to(output(r, 0))});
  builder.signal(root, first + r);
  for (int distance = 1; distance < p; ++distance) {
    const int q = around(r, -distance, p);
    if (q != root) builder.wait(q, first + q);
  }
  return builder.build();
}

}  // namespace weft::algorithms
