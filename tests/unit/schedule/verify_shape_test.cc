#include "schedules.h"

namespace weft::schedule {
namespace {

TEST(VerifyShape, NamesRanksThatDisagreeAboutTheFrame) {
  auto schedules = make_all_reduce("ring", 3);
  schedules[2].slot_blocks.push_back(1);
  EXPECT_TRUE(mentions(complaints(schedules), "rank 2: has another"));
}

TEST(VerifyShape, NamesARankInAnothersPlace) {
  auto schedules = make_all_reduce("ring", 3);
  std::swap(schedules[0], schedules[1]);
  EXPECT_TRUE(mentions(complaints(schedules), "rank 0: calls itself rank 1"));
}

TEST(VerifyShape, NamesMissingRanks) {
  auto schedules = make_all_reduce("ring", 3);
  schedules.pop_back();
  EXPECT_TRUE(mentions(complaints(schedules), "was made for 3 ranks"));
  EXPECT_TRUE(mentions(complaints({}), "no ranks"));
}

TEST(VerifyShape, NamesABlockCountTheCollectiveDoesNotHave) {
  auto schedules = make_all(Collective::all_gather, "ring", 3);
  for (Schedule& schedule : schedules) schedule.blocks = 4;
  EXPECT_TRUE(mentions(complaints(schedules), "4 blocks for 3 ranks"));
}

TEST(VerifyShape, NamesASlotThatIsTooSmall) {
  auto schedules = make_all_reduce("halving_doubling", 4);
  for (Schedule& schedule : schedules) schedule.slot_blocks[0] = 1;
  EXPECT_TRUE(mentions(complaints(schedules), "slot 0 has room for 1 blocks, not for 2"));
}

TEST(VerifyShape, NamesASlotTooSmallForAnOutputOnItsWay) {
  auto schedules = make_all_reduce("ring", 4);
  for (Schedule& schedule : schedules) schedule.slot_blocks[3] = 0;
  EXPECT_TRUE(mentions(complaints(schedules), "on their way to the output"));
}

TEST(VerifyShape, NamesTooManyOperands) {
  auto sources = make_all_reduce("one_shot", 4);
  Step& reduce = steps(sources, 0).back();
  while (reduce.srcs.size() <= kMaxSources) reduce.srcs.push_back(reduce.srcs.back());
  EXPECT_TRUE(mentions(complaints(sources), "9 sources"));

  auto targets = make_all_reduce("one_shot", 4);
  Step& put = steps(targets, 0).front();
  while (put.dsts.size() <= kMaxDestinations) put.dsts.push_back(put.dsts.back());
  EXPECT_TRUE(mentions(complaints(targets), "9 destinations"));
  EXPECT_TRUE(mentions(complaints(targets), "two destinations are the same"));
}

TEST(VerifyShape, NamesPlacesThatDoNotExist) {
  auto slot = make_all_reduce("ring", 4);
  steps(slot, 1)[0].dsts[0] = {{Buffer::slot, 2, 6}, 6};
  EXPECT_TRUE(mentions(complaints(slot), "rank 1, lane 0, step 0"));
  EXPECT_TRUE(mentions(complaints(slot), "there is no slot 6"));

  auto rank = make_all_reduce("ring", 4);
  steps(rank, 1)[0].dsts[0].place.rank = 4;
  EXPECT_TRUE(mentions(complaints(rank), "there is no rank 4"));

  auto block = make_all_reduce("ring", 4);
  steps(block, 1)[0].block = 4;
  EXPECT_TRUE(mentions(complaints(block), "blocks 4+1 are not within 0..3"));

  auto peer = make_all(Collective::barrier, "dissemination", 4);
  steps(peer, 1)[0].peer = 1;
  EXPECT_TRUE(mentions(complaints(peer), "peer 1 is no peer"));
}

TEST(VerifyShape, NamesBuffersTheRankDoesNotHave) {
  auto input = make_all(Collective::broadcast, "one_shot", 3, 1);
  for (Step& step : steps(input, 0)) {
    if (step.kind == StepKind::copy) step.srcs[0] = {Buffer::input, 0, 0};
  }
  EXPECT_TRUE(mentions(complaints(input), "in[0] is outside the 0 blocks"));

  auto output = make_all(Collective::reduce, "binomial_tree", 4);
  for (Step& step : steps(output, 2)) {
    if (step.kind == StepKind::reduce) step.dsts.push_back({{Buffer::output, 2, 0}, kNoSignal});
  }
  EXPECT_TRUE(mentions(complaints(output), "out[0] is outside the 0 blocks"));
}

TEST(VerifyShape, NamesAnOperandThatIsNotTheBlockMoved) {
  auto schedules = make_all_reduce("ring", 4);
  steps(schedules, 1)[0].srcs[0].index = 2;
  EXPECT_TRUE(mentions(complaints(schedules), "in[2] is not where block 0 lives"));
}

TEST(VerifyShape, NamesWritesToAnInput) {
  auto schedules = make_all_reduce("one_shot", 2);
  steps(schedules, 0).back().dsts[0].place.buffer = Buffer::input;
  EXPECT_TRUE(mentions(complaints(schedules), "writes to an input"));
}

TEST(VerifyShape, NamesUseOfPeersBuffersInAScheduleThatIsNotDirect) {
  auto reads = make_all_reduce("two_shot_direct", 3);
  for (Schedule& schedule : reads) schedule.direct = false;
  EXPECT_TRUE(mentions(complaints(reads), "reads rank 1 in[0] but is not direct"));
  EXPECT_TRUE(mentions(complaints(reads), "a peer's output is written without a signal"));
}

TEST(VerifyShape, NamesReductionsToAPeerWithoutLoadStore) {
  const auto schedules = make_all_reduce("ring", 4);
  EXPECT_EQ(complaints(schedules), "");
  EXPECT_TRUE(mentions(complaints(schedules, {.load_store = false}), "without load/store"));
}

TEST(VerifyShape, NamesSignalsThatDoNotFitTheirDestination) {
  auto slot = make_all_reduce("ring", 4);
  steps(slot, 0)[0].dsts[0].signal = 1;
  EXPECT_TRUE(mentions(complaints(slot), "filled without its own signal"));

  auto local = make_all_reduce("one_shot", 2);
  steps(local, 0).back().dsts[0].signal = 0;
  EXPECT_TRUE(mentions(complaints(local), "a local destination raises a signal"));
}

TEST(VerifyShape, NamesOperandsThatOverlapWithoutBeingEqual) {
  auto schedules = make_all_reduce("halving_doubling", 2);
  Step shifted;
  shifted.blocks = 2;
  shifted.srcs = {{Buffer::input, 0, 0}};
  shifted.dsts = {{{Buffer::output, 0, 1}, kNoSignal}};
  for (Schedule& schedule : schedules) schedule.blocks = 3;
  steps(schedules, 0).push_back(shifted);
  EXPECT_TRUE(mentions(complaints(schedules), "overlaps a source"));
}

TEST(VerifyShape, NamesFinalOnACopy) {
  auto schedules = make_all_reduce("one_shot", 2);
  steps(schedules, 0)[0].final = true;
  EXPECT_TRUE(mentions(complaints(schedules), "`final` on a step that is no reduce"));
}

TEST(VerifyShape, NamesPartialSumsThatTheScheduleDoesNotTellOf) {
  auto schedules = make_all_reduce("ring", 4);
  for (Schedule& schedule : schedules) schedule.partials = false;
  EXPECT_TRUE(mentions(complaints(schedules), "the schedule says that it has none"));
}

TEST(VerifyShape, NamesOutputsThatWideSumsDoNotFit) {
  const auto schedules = make_all_reduce("halving_doubling", 4);
  EXPECT_EQ(complaints(schedules), "");
  EXPECT_TRUE(mentions(complaints(schedules, {.wide_sums = true}), "cannot hold a partial sum"));
}

TEST(VerifyShape, NamesACopyToAPeerThatChangesItsForm) {
  auto schedules = make_all_reduce("ring", 4);
  Step& put = steps(schedules, 1)[0];
  ASSERT_EQ(put.kind, StepKind::copy);
  put.dsts[0].place.partial = true;
  EXPECT_TRUE(mentions(complaints(schedules), "changes its form"));
}

TEST(VerifyShape, NamesABlockBehindTheEndOfASlot) {
  auto schedules = make_all_reduce("one_shot", 3);
  steps(schedules, 0).back().srcs[1].offset = 1;
  EXPECT_TRUE(mentions(complaints(schedules), "has room for 1 blocks"));
}

}  // namespace
}  // namespace weft::schedule
