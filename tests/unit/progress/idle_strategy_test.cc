#include "progress/idle_strategy.h"

#include <gtest/gtest.h>

namespace weft {
namespace {

using namespace std::chrono_literals;

TEST(IdleStrategy, PollsThenYieldsThenSleeps) {
  Idling idling{{.poll_ns = 100, .yield_ns = 1000}};
  IdleStrategy idle(idling);
  EXPECT_EQ(idle.next(5000), Pause::poll);
  EXPECT_EQ(idle.next(5099), Pause::poll);
  EXPECT_EQ(idle.next(5100), Pause::yield);
  EXPECT_EQ(idle.next(6099), Pause::yield);
  EXPECT_EQ(idle.next(6100), Pause::sleep);
  idle.reset();
  EXPECT_EQ(idle.next(7000), Pause::poll);
}

TEST(IdleStrategy, LooksAtTheClockRarelyWhilePollingAndAlwaysAfterwards) {
  Idling idling{{.poll_ns = 100, .yield_ns = 1000}};
  IdleStrategy idle(idling);
  int polls = 1;
  while (!idle.due()) ++polls;
  EXPECT_GE(polls, 64);
  idle.next(0);
  idle.next(200);
  EXPECT_TRUE(idle.due());
}

TEST(IdleStrategy, WithMoreRanksThanCoresYieldsAlmostAtOnce) {
  Idling idling{durations_of(WaitPolicy::yield)};
  IdleStrategy idle(idling);
  int polls = 1;
  while (!idle.due()) ++polls;
  EXPECT_LE(polls, 8);
  EXPECT_EQ(idle.next(0), Pause::yield);
}

TEST(IdleStrategy, DurationsAreTheUsersWhereGiven) {
  const WaitDurations chosen{std::chrono::microseconds(7), std::chrono::microseconds(9)};
  const IdleDurations durations = durations_of(WaitPolicy::block, chosen);
  EXPECT_EQ(durations.poll_ns, 7000);
  EXPECT_EQ(durations.yield_ns, 9000);
}

TEST(IdleStrategy, APollThatMayBeASystemCallIsMadeOnceBeforeAYield) {
  EXPECT_EQ(durations_of(WaitPolicy::yield, {}, true).polls_per_look(), 1);
}

// Time passes when it is looked at.
class SlowClock final : public Clock {
 public:
  explicit SlowClock(std::int64_t step_ns) : step_ns_(step_ns) {}
  std::int64_t now_ns() const override { return now_ns_ += step_ns_; }

 private:
  const std::int64_t step_ns_;
  mutable std::int64_t now_ns_ = 0;
};

// How often a wait of so many rests sleeps, if every yield takes this long.
int sleeps(Idling* idling, std::int64_t yield_ns, int rests) {
  const SlowClock clock(yield_ns);
  IdleStrategy idle(*idling);
  int slept = 0;
  for (int i = 0; i < rests; ++i) idle.rest(clock, clock.now_ns(), [&] { ++slept; });
  return slept;
}

TEST(IdleStrategy, YieldsWhileYieldsComeBackSoon) {
  Idling idling{{.poll_ns = 1, .yield_ns = 1'000'000'000}};
  EXPECT_EQ(sleeps(&idling, 1000, 50), 0);
}

TEST(IdleStrategy, SleepsAfterAYieldThatCameBackLateAlsoInTheNextWait) {
  Idling idling{{.poll_ns = 1, .yield_ns = 1'000'000'000}};
  EXPECT_EQ(sleeps(&idling, 3'000'000, 50), 48) << "all but a poll and a yield";
  IdleStrategy next(idling);
  EXPECT_EQ(next.next(idling.crowded_until_ns - 2), Pause::poll);
  EXPECT_EQ(next.next(idling.crowded_until_ns - 1), Pause::sleep);
  EXPECT_EQ(next.next(idling.crowded_until_ns), Pause::yield) << "it tries again after a while";
}

TEST(IdleStrategy, RanksThatShareACoreGoOnYieldingToEachOther) {
  Idling idling{durations_of(WaitPolicy::yield, WaitDurations{0s, 1s})};
  EXPECT_EQ(sleeps(&idling, 3'000'000, 50), 0);
}

}  // namespace
}  // namespace weft
