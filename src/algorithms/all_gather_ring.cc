// Blocks travel right around the ring.
#include "algorithms/builder.h"
#include "algorithms/generators.h"

namespace weft::algorithms {

schedule::Schedule all_gather_ring(const PlanInput& plan) {
  const int p = plan.ranks;
  const int r = plan.rank;
  Builder builder(plan, "ring", p);
  if (p == 1) return builder.alone();
  builder.reserve((plan.load_store ? 2 : 3) * p);
  const int left = around(r, -1, p);
  const int right = around(r, 1, p);
  const int first = builder.add_slots(p - 1, 1);  // slot s: what arrives in step s

  builder.copy({r}, input(r, 0), {to_slot(right, first), to(output(r, r))});
  for (int s = 0; s < p - 1; ++s) {
    const int block = around(left, -s, p);
    builder.wait_slot(left, first + s, {block});
    std::vector<schedule::Destination> targets = {to(output(r, block))};
    if (s < p - 2) targets.insert(targets.begin(), to_slot(right, first + s + 1));
    builder.copy({block}, slot(r, first + s), targets);
  }
  return builder.build();
}

}  // namespace weft::algorithms
