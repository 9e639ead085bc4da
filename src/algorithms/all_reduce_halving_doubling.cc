// Rabenseifner: partners at distance p/2, p/4, ..., 1 exchange the half that the other goes on with
// and reduce their own; then results double the other way round. Partial sums live in the output:
// an input block is read once, just when its sum is written, so that is right in place too. Where
// they do not fit it, they live in a slot of as many blocks.
#include "algorithms/builder.h"
#include "algorithms/fold.h"
#include "algorithms/generators.h"

namespace weft::algorithms {
namespace {

using schedule::Operand;

class HalvingDoubling {
 public:
  HalvingDoubling(Builder& builder, const PlanInput& plan, const Fold& fold, int members)
      : builder_(builder),
        rank_(plan.rank),
        fold_(fold),
        members_(members),
        rounds_(log2_down(members)) {
    for (int k = 0; k < rounds_; ++k) halve_[k] = builder.add_slots(1, members >> (k + 1));
    for (int k = 0; k < rounds_; ++k) gather_[k] = builder.add_slots(1, members >> (k + 1));
    if (fold.extras() > 0) {
      fold_in_ = builder.add_slots(1, members);
      fold_out_ = builder.add_slots(1, members);
    }
    builder.keep_partial_sums();
    if (plan.wide_sums && plan.ranks > 2) partials_ = builder.add_slots(1, members);
  }

  void run() {
    if (fold_.member(rank_) < 0) return extra();
    member_ = fold_.member(rank_);
    const int extra = fold_.extra(rank_);
    if (extra >= 0) {
      const Operand theirs = builder_.wait_slot(extra, fold_in_, {0, members_});
      reduce({0, members_}, {theirs, input(rank_, 0)}, 0);
    } else {
      const Blocks sent = theirs(0);
      builder_.copy(sent, input(rank_, sent.first), {to_slot(partner(0), halve_[0])});
    }
    for (int k = 0; k < rounds_; ++k) halve(k, k > 0 || extra >= 0);
    for (int k = rounds_ - 1; k >= 0; --k) gather(k);
    if (extra >= 0) {
      builder_.copy({0, members_}, output(rank_, 0), {to_output(extra, 0, fold_out_)});
    }
  }

 private:
  int distance(int round) const { return members_ >> (round + 1); }
  int partner(int round) const { return fold_.rank(member_ ^ distance(round)); }
  // The blocks that a member, or its partner, goes on with after round k.
  Blocks kept(int member, int round) const {
    return {member & ~(distance(round) - 1), distance(round)};
  }
  Blocks mine(int round) const { return kept(member_, round); }
  Blocks theirs(int round) const { return kept(member_ ^ distance(round), round); }

  void extra() {
    const int proxy = rank_ + 1;
    builder_.copy({0, members_}, input(rank_, 0), {to_slot(proxy, fold_in_)});
    builder_.wait(proxy, fold_out_, {0, members_}, output(rank_, 0));
  }

  // Where the partial sum of a block lives.
  Operand sum(int block) const {
    const Operand place =
        partials_ < 0 ? output(rank_, block) : schedule::from_block(slot(rank_, partials_), block);
    return schedule::partial(place);
  }

  // `reduced`: there are partial sums; else the input is still all there is.
  void halve(int k, bool reduced) {
    const Blocks what = mine(k);
    const bool added_up = k > 0 || fold_.extra(partner(k)) >= 0;
    const Operand other = builder_.wait_slot(partner(k), halve_[k], what, added_up);
    const Operand own = reduced ? sum(what.first) : input(rank_, what.first);
    const bool upper = (member_ & distance(k)) != 0;
    reduce(what, upper ? std::vector{other, own} : std::vector{own, other}, k + 1);
  }

  // Reduces `what` and sends the partner of round `next` what it goes on with, or after the last
  // round the result.
  void reduce(Blocks what, const std::vector<Operand>& sources, int next) {
    if (next == rounds_) {
      const Operand own = output(rank_, what.first);
      const int last = rounds_ - 1;
      builder_.reduce(what, sources, {to(own), to_output(partner(last), what.first, gather_[last])},
                      own, true);
      return;
    }
    const Operand own = sum(what.first);
    builder_.reduce(what, sources, {to(own)}, own, false);
    const Blocks sent = theirs(next);
    schedule::Destination there = to_slot(partner(next), halve_[next]);
    there.place.partial = true;
    builder_.copy(sent, sum(sent.first), {there});
  }

  void gather(int k) {
    const Blocks got = theirs(k);
    builder_.wait(partner(k), gather_[k], got, output(rank_, got.first));
    if (k == 0) return;
    const Blocks next = mine(k - 1);
    builder_.copy(next, output(rank_, next.first),
                  {to_output(partner(k - 1), next.first, gather_[k - 1])});
  }

  Builder& builder_;
  int rank_;
  Fold fold_;
  int members_;
  int rounds_;
  int member_ = -1;
  int halve_[31] = {};   // by round: slot for the partner's share of the half that is kept
  int gather_[31] = {};  // by round: slot for the result of the half that was sent
  int fold_in_ = 0;
  int fold_out_ = 0;
  int partials_ = -1;  // slot of a block for each member; -1: the output takes partial sums
};

}  // namespace

schedule::Schedule all_reduce_halving_doubling(const PlanInput& plan) {
  const int members = 1 << log2_down(plan.ranks);
  Builder builder(plan, "halving_doubling", members);
  if (plan.ranks == 1) return builder.alone();
  HalvingDoubling(builder, plan, Fold(plan.ranks), members).run();
  return builder.build();
}

}  // namespace weft::algorithms
