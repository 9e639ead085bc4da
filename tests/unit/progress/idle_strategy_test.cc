#include "progress/idle_strategy.h"

#include <gtest/gtest.h>

namespace weft {
namespace {

TEST(IdleStrategy, PollsThenYieldsThenSleeps) {
  const IdleDurations durations{.poll_ns = 100, .yield_ns = 1000};
  IdleStrategy idle(durations);
  EXPECT_EQ(idle.next(5000), Pause::poll);
  EXPECT_EQ(idle.next(5099), Pause::poll);
  EXPECT_EQ(idle.next(5100), Pause::yield);
  EXPECT_EQ(idle.next(6099), Pause::yield);
  EXPECT_EQ(idle.next(6100), Pause::sleep);
  idle.reset();
  EXPECT_EQ(idle.next(7000), Pause::poll);
}

TEST(IdleStrategy, LooksAtTheClockRarelyWhilePollingAndAlwaysAfterwards) {
  const IdleDurations durations{.poll_ns = 100, .yield_ns = 1000};
  IdleStrategy idle(durations);
  int polls = 1;
  while (!idle.due()) ++polls;
  EXPECT_GE(polls, 64);
  idle.next(0);
  idle.next(200);
  EXPECT_TRUE(idle.due());
}

TEST(IdleStrategy, WithMoreRanksThanCoresYieldsAlmostAtOnce) {
  const IdleDurations durations = durations_of(WaitPolicy::yield);
  IdleStrategy idle(durations);
  int polls = 1;
  while (!idle.due()) ++polls;
  EXPECT_LE(polls, 8);
  EXPECT_EQ(idle.next(0), Pause::yield);
}

}  // namespace
}  // namespace weft
