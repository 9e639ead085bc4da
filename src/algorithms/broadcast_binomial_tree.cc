// The message travels down a binomial tree, its barrier rounds beside it.
#include "algorithms/dissemination.h"
#include "algorithms/generators.h"
#include "algorithms/tree.h"

namespace weft::algorithms {

schedule::Schedule broadcast_binomial_tree(const PlanInput& plan) {
  const int p = plan.ranks;
  const int r = plan.rank;
  Builder builder(plan, "binomial_tree", 1);
  if (p == 1) return builder.alone();
  const int data = builder.add_slots(1, 1);
  Dissemination barrier(builder, r, p);
  const Tree tree = binomial_tree(around(r, -plan.root, p), p);

  // A rank that is the k-th child from the last gets the message in round k, counted from the
  // root's first put.
  const int round = tree.parent < 0 ? 0 : barrier.rounds() - 1 - tree.branch;
  for (int k = 0; k < barrier.rounds(); ++k) {
    barrier.signal(k);
    if (k == round) {
      if (tree.parent >= 0) builder.wait_slot(around(tree.parent, plan.root, p), data);
      std::vector<schedule::Destination> targets;
      for (auto child = tree.children.rbegin(); child != tree.children.rend(); ++child) {
        targets.push_back(to_slot(around(*child, plan.root, p), data));
      }
      targets.push_back(to(output(r, 0)));
      builder.copy({}, tree.parent < 0 ? input(r, 0) : slot(r, data), targets);
    }
    barrier.wait(k);
  }
  return builder.build();
}

}  // namespace weft::algorithms
