// Partners at distance 1, 2, 4, ... exchange all they have and both reduce it, the lower half of
// the ranks first. With another number of ranks than a power of two, the first few even ranks hand
// their input to the next rank and get the result at the end.
#include "algorithms/builder.h"
#include "algorithms/fold.h"
#include "algorithms/generators.h"

namespace weft::algorithms {
namespace {

using schedule::Destination;
using schedule::Operand;
using schedule::partial;

void take_part(Builder& builder, const PlanInput& plan, const Fold& fold, int rounds, int fold_in,
               int fold_out, int scratch) {
  const int r = plan.rank;
  const int v = fold.member(r);
  const auto partner = [&](int round) { return fold.rank(v ^ (1 << round)); };

  Operand mine = input(r, 0);
  if (const int extra = fold.extra(r); extra >= 0) {
    const Operand theirs = builder.wait_slot(extra, fold_in);
    const Operand sum = slot(r, scratch + rounds);
    builder.reduce({}, {theirs, mine}, {to(sum), to_slot(partner(0), 0)}, sum, false);
    mine = partial(sum);
  } else {
    builder.copy({}, mine, {to_slot(partner(0), 0)});
  }
  for (int round = 0; round < rounds; ++round) {
    const bool added_up = round > 0 || fold.extra(partner(round)) >= 0;
    const Operand theirs = builder.wait_slot(partner(round), round, {}, added_up);
    const bool last = round + 1 == rounds;
    const bool upper = (v >> round & 1) != 0;
    std::vector<Operand> sources = {mine, theirs};
    if (upper) std::swap(sources[0], sources[1]);
    mine = last ? output(r, 0) : partial(slot(r, scratch + round));
    std::vector<Destination> targets = {to(mine)};
    if (!last) targets.push_back(to_slot(partner(round + 1), round + 1));
    if (last && fold.extra(r) >= 0) targets.push_back(to_output(fold.extra(r), 0, fold_out));
    builder.reduce({}, sources, targets, mine, last);
  }
}

}  // namespace

schedule::Schedule all_reduce_recursive_doubling(const PlanInput& plan) {
  Builder builder(plan, "recursive_doubling", 1);
  if (plan.ranks == 1) return builder.alone();
  builder.keep_partial_sums();
  const Fold fold(plan.ranks);
  const int rounds = log2_down(plan.ranks);
  builder.add_slots(rounds, 1);  // slot k: the partner's part of round k
  const int fold_in = builder.add_slots(fold.extras() > 0 ? 1 : 0, 1);
  const int fold_out = builder.add_slots(fold.extras() > 0 ? 1 : 0, 1);
  const int scratch = builder.add_slots(rounds + (fold.extras() > 0 ? 1 : 0), 1);

  if (fold.member(plan.rank) < 0) {
    const int proxy = plan.rank + 1;
    builder.copy({}, input(plan.rank, 0), {to_slot(proxy, fold_in)});
    builder.wait(proxy, fold_out, {}, output(plan.rank, 0));
  } else {
    take_part(builder, plan, fold, rounds, fold_in, fold_out, scratch);
  }
  return builder.build();
}

}  // namespace weft::algorithms
