// Block b starts at rank b+1, travels right once around the ring and is reduced on its way; rank b
// holds the result and sends it around once more.
#include "algorithms/builder.h"
#include "algorithms/generators.h"

namespace weft::algorithms {

schedule::Schedule all_reduce_ring(const PlanInput& plan) {
  const int p = plan.ranks;
  const int r = plan.rank;
  Builder builder(plan, "ring", p);
  if (p == 1) return builder.alone();
  builder.reserve((plan.load_store ? 4 : 5) * p);
  const int left = around(r, -1, p);
  const int right = around(r, 1, p);
  const int scatter = builder.add_slots(p - 1, 1);  // slot s: what arrives in step s
  const int gather = builder.add_slots(p - 1, 1);
  // Without load/store each partial sum waits until it is sent: in the output, whose input block is
  // not read again, so that is right in place too, or where it does not fit that in a slot.
  const bool beside = plan.wide_sums && !plan.load_store;
  const int scratch = builder.add_slots(beside ? p - 2 : 0, 1);
  builder.keep_partial_sums();

  builder.copy({left}, input(r, left), {to_slot(right, scatter)});
  for (int s = 0; s < p - 1; ++s) {
    const int block = around(r, -2 - s, p);
    const schedule::Operand arrived = builder.wait_slot(left, scatter + s, {block}, s > 0);
    const schedule::Operand own = output(r, block);
    const std::vector<schedule::Operand> sources = {arrived, input(r, block)};
    if (s < p - 2) {
      builder.reduce({block}, sources, {to_slot(right, scatter + s + 1)},
                     beside ? slot(r, scratch + s) : own, false);
    } else {
      builder.reduce({block}, sources, {to(own), to_output(right, block, gather)}, own, true);
    }
  }
  for (int s = 0; s < p - 1; ++s) {
    const int block = around(left, -s, p);
    builder.wait(left, gather + s, {block}, output(r, block));
    if (s < p - 2) {
      builder.copy({block}, output(r, block), {to_output(right, block, gather + s + 1)});
    }
  }
  return builder.build();
}

}  // namespace weft::algorithms
