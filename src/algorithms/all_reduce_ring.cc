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

  builder.copy({left}, input(r, left), {to_slot(right, scatter)});
  for (int s = 0; s < p - 1; ++s) {
    const int block = around(r, -2 - s, p);
    builder.wait_slot(left, scatter + s, {block});
    // Without load/store the partial sum is kept in the output: its input block is not read again,
    // so that is right in place too.
    const schedule::Operand own = output(r, block);
    const std::vector<schedule::Operand> sources = {slot(r, scatter + s), input(r, block)};
    if (s < p - 2) {
      builder.reduce({block}, sources, {to_slot(right, scatter + s + 1)}, own, false);
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
