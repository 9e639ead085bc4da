// Schedules whose parts fit together but that do not do what they should.
#include "schedules.h"

#include <algorithm>
#include <utility>

namespace weft::schedule {
namespace {

// Removes the bare signals of slots [first, first + count) and the waits for them, at all ranks.
void remove_signals(std::vector<Schedule>& schedules, int first, int count) {
  for (Schedule& schedule : schedules) {
    std::erase_if(schedule.lanes[0].steps, [=](const Step& step) {
      const bool bare =
          step.kind == StepKind::signal || (step.kind == StepKind::wait && step.blocks == 0);
      return bare && step.signal >= first && step.signal < first + count;
    });
  }
}

TEST(VerifySimulate, NamesAContributionTakenTwiceForAnother) {
  auto schedules = make_all_reduce("one_shot", 3);
  steps(schedules, 0).back().srcs[2] = {Buffer::slot, 0, 0};
  EXPECT_TRUE(mentions(complaints(schedules), "contributions are missing"));
  EXPECT_TRUE(
      mentions(complaints(schedules), "out[0] does not hold every contribution exactly once"));
}

TEST(VerifySimulate, NamesAContributionTakenTwice) {
  auto schedules = make_all_reduce("one_shot", 3);
  Step& reduce = steps(schedules, 0).back();
  reduce.srcs.push_back(reduce.srcs[1]);
  EXPECT_TRUE(
      mentions(complaints(schedules), "out[0] does not hold every contribution exactly once"));
}

TEST(VerifySimulate, NamesAFinalThatIsMissingOrTooEarly) {
  auto missing = make_all_reduce("ring", 4);
  auto early = missing;
  for (Step& step : steps(missing, 1)) step.final = false;
  EXPECT_TRUE(mentions(complaints(missing), "a complete result is not marked `final`"));
  Step& first =
      *std::ranges::find(steps(early, 1), StepKind::reduce, [](const Step& s) { return s.kind; });
  first.final = true;
  EXPECT_TRUE(mentions(complaints(early), "`final`, but contributions are missing"));
}

Step& reduce_of_a_partial_sum(std::vector<Schedule>& schedules, int rank) {
  return *std::ranges::find_if(steps(schedules, rank), [](const Step& step) {
    return step.kind == StepKind::reduce && step.srcs[0].partial;
  });
}

TEST(VerifySimulate, NamesAPartialSumThatIsReadAsSomethingElse) {
  auto schedules = make_all_reduce("ring", 4);
  reduce_of_a_partial_sum(schedules, 1).srcs[0].partial = false;
  EXPECT_TRUE(mentions(complaints(schedules), "slot 1 is a partial sum"));
}

TEST(VerifySimulate, NamesAContributionThatIsReadAsAPartialSum) {
  auto schedules = make_all_reduce("ring", 4);
  reduce_of_a_partial_sum(schedules, 1).srcs[1].partial = true;
  EXPECT_TRUE(mentions(complaints(schedules), "is not a partial sum"));
}

TEST(VerifySimulate, NamesAWaitForAPartialSumThatIsNone) {
  auto schedules = make_all_reduce("ring", 4);
  Step& wait = steps(schedules, 1)[1];
  ASSERT_EQ(wait.kind, StepKind::wait);
  wait.dsts[0].place.partial = true;
  EXPECT_TRUE(mentions(complaints(schedules), "expects the data at slot 0"));
}

TEST(VerifySimulate, NamesAnOutputThatIsNeverWritten) {
  auto schedules = make_all(Collective::broadcast, "one_shot", 3);
  std::erase_if(steps(schedules, 1), [](const Step& s) { return s.kind == StepKind::copy; });
  EXPECT_TRUE(mentions(complaints(schedules), "rank 1, lane 0: out[0] is never written"));
}

TEST(VerifySimulate, NamesAnotherOrderOfReductionThanAtOtherRanks) {
  auto schedules = make_all_reduce("one_shot", 3);
  Step& reduce = steps(schedules, 1).back();
  std::swap(reduce.srcs[0], reduce.srcs[1]);
  EXPECT_TRUE(mentions(complaints(schedules), "rank 1, lane 0: out[0] is computed in another"));
}

TEST(VerifySimulate, NamesTheWaitsOfADeadlock) {
  auto schedules = make_all_reduce("ring", 3);
  for (Schedule& schedule : schedules) {
    std::swap(schedule.lanes[0].steps[0], schedule.lanes[0].steps[1]);
  }
  const std::string text = complaints(schedules);
  for (const char* part : {"rank 0, lane 0, step 0 (wait", "rank 2 never gets that far"}) {
    EXPECT_TRUE(mentions(text, part));
  }
}

TEST(VerifySimulate, NamesDataUsedBeforeItsWait) {
  auto schedules = make_all_reduce("one_shot", 3);
  auto& list = steps(schedules, 0);
  std::swap(list[list.size() - 1], list[list.size() - 2]);
  const std::string text = complaints(schedules);
  EXPECT_TRUE(text.find("before anything was written there") != std::string::npos ||
              text.find("may still write there") != std::string::npos)
      << text;
}

TEST(VerifySimulate, NamesASlotReadAsAnotherBlock) {
  auto schedules = make_all_reduce("two_shot", 3);
  for (Step& step : steps(schedules, 0)) {
    if (step.kind != StepKind::reduce) continue;
    step.srcs[1] = {Buffer::slot, 0, 2};  // holds block 1 later, when delivered through its slot
  }
  EXPECT_TRUE(mentions(complaints(schedules), "reads slot 2"));
}

TEST(VerifySimulate, NamesADirectScheduleWithoutItsEntrySignals) {
  auto schedules = make_all_reduce("two_shot_direct", 3);
  remove_signals(schedules, 0, 2);
  EXPECT_TRUE(mentions(complaints(schedules), "but rank 1 may not have started"));
}

TEST(VerifySimulate, NamesADirectScheduleWithoutItsDoneSignals) {
  auto schedules = make_all_reduce("two_shot_direct", 3);
  remove_signals(schedules, 2, 2);
  EXPECT_TRUE(mentions(complaints(schedules), "still uses its input or output"));
}

TEST(VerifySimulate, NamesABroadcastWithoutItsReadySignals) {
  auto schedules = make_all(Collective::broadcast, "one_shot", 3);
  remove_signals(schedules, 0, 2);
  EXPECT_TRUE(
      mentions(complaints(schedules), "may end before rank 2 has started: no synchronization"));
}

TEST(VerifySimulate, NamesATreeReduceWithoutItsBarrier) {
  auto schedules = make_all(Collective::reduce, "binomial_tree", 5);
  remove_signals(schedules, 4, 3);
  EXPECT_TRUE(mentions(complaints(schedules), "no synchronization"));
}

TEST(VerifySimulate, SeesSlotsOverwrittenPassesLaterWithoutSynchronization) {
  auto schedules = make_all(Collective::broadcast, "one_shot", 3);
  remove_signals(schedules, 0, 2);
  const std::string_view overwritten = "reads slot 2 while rank 0 may still write there";
  EXPECT_EQ(complaints(schedules, {.passes = 1}).find(overwritten), std::string::npos);
  EXPECT_TRUE(mentions(complaints(schedules, {.passes = 3}), overwritten));
}

TEST(VerifySimulate, NamesAnOutputDeliveredToARankThatMayNotHaveStarted) {
  auto schedules = make_all(Collective::all_gather, "one_shot", 2);
  for (Schedule& schedule : schedules) {
    const int r = schedule.rank;
    auto& list = schedule.lanes[0].steps;
    list[0].dsts[0] = {{Buffer::output, 1 - r, r}, 0};
    list[1].dsts[0].place = {Buffer::output, r, 1 - r};
    list.pop_back();
  }
  EXPECT_TRUE(mentions(complaints(schedules), "but rank 1 may not have started"));
}

TEST(VerifySimulate, NamesAnInputReadAfterTheOutputThatMayBeItWasWritten) {
  auto schedules = make_all_reduce("two_shot", 2);
  // Rank 0 first receives and reduces, then sends: right out of place.
  auto& list = steps(schedules, 0);
  ASSERT_EQ(list[0].kind, StepKind::copy);
  Step late;
  late.block = 0;
  late.blocks = 1;
  late.srcs = {{Buffer::input, 0, 0}};
  late.dsts = {{{Buffer::slot, 0, 2}, kNoSignal}};
  list.push_back(late);
  for (Schedule& schedule : schedules) schedule.slot_blocks.push_back(1);
  EXPECT_TRUE(
      mentions(complaints(schedules), "in place, reads in[0] after the output was written"));
}

TEST(VerifySimulate, NamesAPeersInputOverwrittenInPlace) {
  auto schedules = make_all_reduce("two_shot_direct", 2);
  // Both read all of everyone's input; each writes but its block.
  for (Schedule& schedule : schedules) {
    const int scratch = static_cast<int>(schedule.slot_blocks.size());
    schedule.slot_blocks.push_back(1);
    const int other = 1 - schedule.rank;
    auto& list = schedule.lanes[0].steps;
    Step peek;
    peek.block = other;
    peek.blocks = 1;
    peek.srcs = {{Buffer::input, other, other}};
    peek.dsts = {{{Buffer::slot, schedule.rank, scratch}, kNoSignal}};
    list.insert(list.begin() + 2, peek);
  }
  EXPECT_TRUE(mentions(complaints(schedules), "may still read it as its input"));
}

TEST(VerifySimulate, NamesAPutsSourceOverwrittenBeforeItArrived) {
  auto schedules =
      make_all(Collective::all_reduce, "recursive_doubling", 4, 0, 1, /*load_store=*/false);
  auto& list = steps(schedules, 0);
  // Rank 0 keeps both partial results at one place.
  const auto put = std::ranges::find_if(list, [](const Step& s) {
    return s.kind == StepKind::copy && s.srcs[0].buffer == Buffer::slot;
  });
  ASSERT_NE(put, list.end());
  Step overwrite;
  overwrite.blocks = 1;
  overwrite.srcs = {{Buffer::input, 0, 0}};
  overwrite.dsts = {{put->srcs[0], kNoSignal}};
  list.insert(put + 1, overwrite);
  EXPECT_TRUE(mentions(complaints(schedules), "while rank 2 may still use it"));
}

TEST(VerifySimulate, LooksAtEveryLane) {
  auto schedules = make_all(Collective::all_reduce, "double_binary_tree", 4, 0, 2);
  for (Schedule& schedule : schedules) {
    for (Step& step : schedule.lanes[1].steps) step.final = false;
  }
  EXPECT_TRUE(mentions(complaints(schedules), "lane 1"));
}

TEST(Verify, StopsAfterTheLimitOfProblems) {
  auto schedules = make_all_reduce("one_shot", 8);
  for (Schedule& schedule : schedules)
    schedule.lanes[0].steps.erase(schedule.lanes[0].steps.begin());
  EXPECT_EQ(verify(schedules, {.max_problems = 3}).size(), 3U);
}

// Parts of 0, 5, 0 and 3 elements, in chunks of at most 2.
Partition uneven() {
  static const std::vector<std::size_t> bounds = {0, 0, 160, 160, 256};
  return make_partition(bounds, 32, {.max_chunk_bytes = 64});
}

TEST(VerifyUneven, RunsEveryPass) {
  const Partition partition = uneven();
  EXPECT_EQ(partition.passes, 3);
  EXPECT_EQ(complaints(make_all(Collective::all_gather, "ring", 4),
                       {.partition = &partition, .element_bytes = 32}),
            "");
}

TEST(VerifyUneven, SeesThatBytesAreLeftOut) {
  Partition partition = uneven();
  partition.passes = 2;
  EXPECT_TRUE(mentions(complaints(make_all(Collective::all_gather, "ring", 4),
                                  {.partition = &partition, .element_bytes = 32}),
                       "chunks hold 224 bytes of a message of 256"));
}

// A copy that is left out harms parts that hold something, and no empty ones.
TEST(VerifyUneven, SeesThatAPartIsMissing) {
  const Partition partition = uneven();
  const auto without_copy_of = [&](int block) {
    auto schedules = make_all(Collective::all_gather, "one_shot", 4);
    std::erase_if(steps(schedules, 0), [block](const Step& step) {
      return step.kind == StepKind::copy && step.block == block && step.block != 0;
    });
    return complaints(schedules, {.partition = &partition, .element_bytes = 32});
  };
  EXPECT_TRUE(mentions(without_copy_of(1), "out[1] is never written"));
  EXPECT_EQ(without_copy_of(2), "");
}

}  // namespace
}  // namespace weft::schedule
