// Partial sums travel up a binomial tree, its barrier rounds beside them.
#include "algorithms/dissemination.h"
#include "algorithms/generators.h"
#include "algorithms/tree.h"

namespace weft::algorithms {

schedule::Schedule reduce_binomial_tree(const PlanInput& plan) {
  const int p = plan.ranks;
  const int r = plan.rank;
  Builder builder(plan, "binomial_tree", 1);
  if (p == 1) return builder.alone();
  const int up = builder.add_slots(log2_up(p), 1);  // slot k: from the k-th child
  const int scratch = builder.add_slots(1, 1);
  builder.keep_partial_sums();
  Dissemination barrier(builder, r, p);
  const Tree tree = binomial_tree(around(r, -plan.root, p), p);
  const int children = static_cast<int>(tree.children.size());
  // The k-th child is heard in round k; a rank sends in the round of its branch, the root ends
  // after the last one.
  const int round = tree.parent < 0 ? barrier.rounds() - 1 : tree.branch;

  std::vector<schedule::Operand> sources = {input(r, 0)};
  for (int k = 0; k < barrier.rounds(); ++k) {
    barrier.signal(k);
    if (k < children) {
      const auto child = static_cast<std::size_t>(k);
      const int peer = around(tree.children[child], plan.root, p);
      sources.push_back(builder.wait_slot(peer, up + k, {}, tree.inner[child]));
    }
    if (k == round && tree.parent >= 0) {
      const schedule::Destination parent =
          to_slot(around(tree.parent, plan.root, p), up + tree.branch);
      if (children == 0) {
        builder.copy({}, input(r, 0), {parent});
      } else {
        builder.reduce({}, sources, {parent}, slot(r, scratch), false);
      }
    }
    barrier.wait(k);
  }
  if (tree.parent < 0) {
    builder.reduce({}, sources, {to(output(r, 0))}, slot(r, scratch), true);
  }
  return builder.build();
}

}  // namespace weft::algorithms
