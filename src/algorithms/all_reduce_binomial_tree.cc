// Partial sums travel up a binomial tree to rank 0 and the result travels down again.
#include "algorithms/builder.h"
#include "algorithms/generators.h"
#include "algorithms/tree.h"

namespace weft::algorithms {

schedule::Schedule all_reduce_binomial_tree(const PlanInput& plan) {
  Builder builder(plan, "binomial_tree", 1);
  if (plan.ranks == 1) return builder.alone();
  const int rounds = log2_up(plan.ranks);
  const int up = builder.add_slots(rounds, 1);  // slot k: from the k-th child
  const int down = builder.add_slots(1, 1);
  const int scratch = builder.add_slots(1, 1);
  builder.keep_partial_sums();
  const Tree tree = binomial_tree(plan.rank, plan.ranks);
  const TreeSlots slots{up, down, scratch};
  reduce_up(builder, plan.rank, tree, 0, slots);
  broadcast_down(builder, plan.rank, tree, 0, slots);
  return builder.build();
}

}  // namespace weft::algorithms
