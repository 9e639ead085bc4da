// The root sends every rank one block; then blocks travel around a ring from the root on, which
// needs none itself (van de Geijn). A barrier round follows each of the first ring steps.
#include "algorithms/dissemination.h"
#include "algorithms/generators.h"

namespace weft::algorithms {
namespace {

// Numbers ranks and blocks from the root on.
class ScatterAllGather {
 public:
  ScatterAllGather(Builder& builder, const PlanInput& plan)
      : builder_(builder),
        p_(plan.ranks),
        root_(plan.root),
        r_(plan.rank),
        v_(around(plan.rank, -plan.root, plan.ranks)),
        share_(builder.add_slots(1, 1)),
        ring_(builder.add_slots(p_ - 1, 1)),
        barrier_(builder, plan.rank, plan.ranks) {}

  void run() {
    barrier_.signal(0);
    v_ == 0 ? root() : other();
  }

 private:
  int rank(int v) const { return around(v, root_, p_); }

  void root() {
    for (int v = 1; v < p_; ++v) builder_.copy({v}, input(r_, v), {to_slot(rank(v), share_)});
    for (int s = 0; s < p_ - 1; ++s) {
      const int block = around(0, -s, p_);
      builder_.copy({block}, input(r_, block), {to_slot(rank(1), ring_ + s)});
    }
    builder_.copy({0, p_}, input(r_, 0), {to(output(r_, 0))});
    for (int k = 0; k < barrier_.rounds(); ++k) end_round(k);
  }

  void other() {
    builder_.wait_slot(rank(0), share_, {v_});
    pass_on(v_, share_, 0);
    for (int s = 0; s < p_ - 1; ++s) {
      const int block = around(v_, -1 - s, p_);
      builder_.wait_slot(rank(v_ - 1), ring_ + s, {block});
      pass_on(block, ring_ + s, s + 1);
      if (s < barrier_.rounds()) end_round(s);
    }
  }

  void end_round(int k) {
    barrier_.wait(k);
    if (k + 1 < barrier_.rounds()) barrier_.signal(k + 1);
  }

  // Takes a block from a slot to the output and, in ring step `step`, to the right neighbour,
  // unless that is the root or it is over.
  void pass_on(int block, int from, int step) {
    std::vector<schedule::Destination> targets = {to(output(r_, block))};
    if (v_ + 1 < p_ && step < p_ - 1) {
      targets.insert(targets.begin(), to_slot(rank(v_ + 1), ring_ + step));
    }
    builder_.copy({block}, slot(r_, from), targets);
  }

  Builder& builder_;
  int p_;
  int root_;
  int r_;
  int v_;      // this rank, counted from the root
  int share_;  // slot: the own block, from the root
  int ring_;   // slots: what arrives in each ring step
  Dissemination barrier_;
};

}  // namespace

schedule::Schedule broadcast_scatter_all_gather(const PlanInput& plan) {
  Builder builder(plan, "scatter_all_gather", plan.ranks);
  if (plan.ranks == 1) return builder.alone();
  ScatterAllGather(builder, plan).run();
  return builder.build();
}

}  // namespace weft::algorithms
