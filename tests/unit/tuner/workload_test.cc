#include "tuner/workload.h"

#include <gtest/gtest.h>
#include <weft/error.h>

namespace weft::tuner {
namespace {

Workload make(std::string_view name, int ranks, bool load_store = false) {
  return Workload(*algorithms::find(Collective::all_reduce, name),
                  {.ranks = ranks, .load_store = load_store});
}

TEST(Workload, RanksThatDoTheSameShareAList) {
  const Workload ring = make("ring", 64);
  for (int rank = 1; rank < 64; ++rank)
    EXPECT_EQ(ring.ops(rank, 0).data(), ring.ops(0, 0).data()) << rank;
}

TEST(Workload, RepetitionsAreRuns) {
  EXPECT_LT(make("two_shot", 500).ops(250, 0).size(), 500U / 2);
  const Workload work = make("two_shot", 8);
  const Op& scatter = work.ops(3, 0)[0];
  EXPECT_EQ(scatter.kind, Op::Kind::put);
  EXPECT_EQ(scatter.count, 4);  // ranks 4 to 7; in those below, the slot has another number
  EXPECT_EQ(scatter.peer, 1);
  EXPECT_EQ(scatter.peer_stride, 1);
  EXPECT_EQ(scatter.slot, 3);
  EXPECT_EQ(scatter.slot_stride, 0);
  EXPECT_EQ(work.ops(3, 0)[1].count, 3);
  EXPECT_EQ(work.ops(3, 0)[1].slot, 2);
}

TEST(Workload, CountsEveryStep) {
  for (const char* name : {"ring", "two_shot", "one_shot", "halving_doubling"}) {
    std::uint64_t steps = 0;
    for (int rank = 0; rank < 13; ++rank) {
      const auto schedule = algorithms::find(Collective::all_reduce, name)
                                ->make({.rank = rank, .ranks = 13, .load_store = false});
      steps += schedule.lanes[0].steps.size();
    }
    EXPECT_EQ(make(name, 13).steps(), steps) << name;
  }
}

TEST(Workload, StepsWithSeveralDestinationsKeepThemTogether) {
  const Workload work = make("two_shot", 4, true);
  bool found = false;
  for (const Op& op : work.ops(0, 0)) {
    if (op.kind != Op::Kind::work) continue;
    found = true;
    EXPECT_FALSE(op.copies);
    EXPECT_EQ(op.slot_reads, 3);
    EXPECT_EQ(op.user_reads, 1);
    EXPECT_EQ(op.user_writes, 1);
    EXPECT_EQ(op.tails, 1);
    EXPECT_EQ((&op)[1].kind, Op::Kind::peer_write);
    EXPECT_EQ((&op)[1].count, 3);
  }
  EXPECT_TRUE(found);
}

TEST(Workload, TakesTheSchedulesOfAllRanks) {
  const auto schedule = algorithms::find(Collective::all_reduce, "ring")->make({.ranks = 2});
  EXPECT_THROW(Workload(std::vector{schedule}), Error);
}

}  // namespace
}  // namespace weft::tuner
