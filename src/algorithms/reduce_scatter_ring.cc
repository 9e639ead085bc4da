// Block b starts at rank b+1 and travels right around the ring to rank b, reduced on its way.
#include "algorithms/builder.h"
#include "algorithms/generators.h"

namespace weft::algorithms {

schedule::Schedule reduce_scatter_ring(const PlanInput& plan) {
  const int p = plan.ranks;
  const int r = plan.rank;
  Builder builder(plan, "ring", p);
  if (p == 1) return builder.alone();
  builder.reserve((plan.load_store ? 2 : 3) * p);
  const int left = around(r, -1, p);
  const int right = around(r, 1, p);
  const int first = builder.add_slots(p - 1, 1);  // slot s: what arrives in step s
  // Without load/store each partial sum waits in a place of its own until it is sent.
  const int scratch = builder.add_slots(plan.load_store ? 0 : p - 2, 1);
  builder.keep_partial_sums();

  builder.copy({left}, input(r, left), {to_slot(right, first)});
  for (int s = 0; s < p - 1; ++s) {
    const int block = around(r, -2 - s, p);
    const schedule::Operand arrived = builder.wait_slot(left, first + s, {block}, s > 0);
    const bool last = s == p - 2;
    const schedule::Destination target = last ? to(output(r, 0)) : to_slot(right, first + s + 1);
    builder.reduce({block}, {arrived, input(r, block)}, {target}, slot(r, scratch + s), last);
  }
  return builder.build();
}

}  // namespace weft::algorithms
