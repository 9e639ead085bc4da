// Two binary trees; the inner ranks of one are leaves of the other (for an even number; nearly so
// for an odd one), so both together load every rank alike. Each carries half of the message, up to
// its root and down again. Lanes alternate between the trees and keep both busy; a single lane cuts
// the message in two blocks and takes the trees in turn.
#include "algorithms/builder.h"
#include "algorithms/generators.h"
#include "algorithms/tree.h"

namespace weft::algorithms {

schedule::Schedule all_reduce_double_binary_tree(const PlanInput& plan) {
  const bool both = plan.lanes == 1 && plan.ranks > 1;
  Builder builder(plan, "double_binary_tree", both ? 2 : 1);
  if (plan.ranks == 1) return builder.alone();
  const Tree trees[2] = {binary_tree(plan.rank, plan.ranks), mirrored_tree(plan.rank, plan.ranks)};
  builder.keep_partial_sums();
  TreeSlots slots[2];
  for (int t = 0; t < (both ? 2 : 1); ++t) {
    slots[t].up = builder.add_slots(2, 1);
    slots[t].down = builder.add_slots(1, 1);
    slots[t].scratch = builder.add_slots(1, 1);
  }
  if (both) {
    for (int t = 0; t < 2; ++t) reduce_up(builder, plan.rank, trees[t], t, slots[t]);
    for (int t = 0; t < 2; ++t) broadcast_down(builder, plan.rank, trees[t], t, slots[t]);
    return builder.build();
  }
  for (int lane = 0; lane < plan.lanes; ++lane) {
    reduce_up(builder, plan.rank, trees[lane % 2], 0, slots[0]);
    broadcast_down(builder, plan.rank, trees[lane % 2], 0, slots[0]);
    builder.end_lane();
  }
  return builder.build();
}

}  // namespace weft::algorithms
