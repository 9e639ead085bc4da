#include "base/patience.h"

#include <gtest/gtest.h>

namespace weft {
namespace {

TEST(Patience, PollsThenYieldsThenSleeps) {
  const PatienceLimits limits{.poll_ns = 100, .yield_ns = 1000};
  Patience patience(limits);
  EXPECT_EQ(patience.next(5000), Pause::poll);
  EXPECT_EQ(patience.next(5099), Pause::poll);
  EXPECT_EQ(patience.next(5100), Pause::yield);
  EXPECT_EQ(patience.next(6099), Pause::yield);
  EXPECT_EQ(patience.next(6100), Pause::sleep);
  patience.reset();
  EXPECT_EQ(patience.next(7000), Pause::poll);
}

TEST(Patience, LooksAtTheClockRarelyWhilePollingAndAlwaysAfterwards) {
  const PatienceLimits limits{.poll_ns = 100, .yield_ns = 1000};
  Patience patience(limits);
  int polls = 1;
  while (!patience.due()) ++polls;
  EXPECT_GE(polls, 64);
  patience.next(0);
  patience.next(200);
  EXPECT_TRUE(patience.due());
}

TEST(Patience, WithMoreRanksThanCoresYieldsAlmostAtOnce) {
  const PatienceLimits limits = limits_of(WaitPolicy::yield);
  Patience patience(limits);
  int polls = 1;
  while (!patience.due()) ++polls;
  EXPECT_LE(polls, 8);
  EXPECT_EQ(patience.next(0), Pause::yield);
}

}  // namespace
}  // namespace weft
