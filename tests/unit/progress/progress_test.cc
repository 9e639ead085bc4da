#include "progress/progress.h"

#include <gtest/gtest.h>

#include <thread>

namespace weft {
namespace {

struct SetClock final : Clock {
  std::int64_t now_ns() const override { return 0; }
};

struct Counting final : Poller {
  int poll() override {
    ++polls;
    return 2;
  }
  void look(std::int64_t) override { ++looks; }
  int polls = 0;
  int looks = 0;
};

TEST(Progress, PollsOnlyThoseThatHaveSomethingUnderWay) {
  const SetClock clock;
  Progress progress(clock);
  Counting idle, busy;
  progress.add(&idle);
  progress.add(&busy);
  busy.active = 1;
  EXPECT_EQ(progress.poll(), 2);
  EXPECT_EQ(idle.polls, 0);
  EXPECT_EQ(busy.polls, 1);
}

TEST(Progress, WhoeverWaitsIsNotPolledByItself) {
  const SetClock clock;
  Progress progress(clock);
  Counting waiting, other;
  progress.add(&waiting);
  progress.add(&other);
  waiting.active = other.active = 1;
  EXPECT_EQ(progress.poll_others(&waiting), 2);
  EXPECT_EQ(waiting.polls, 0);
  EXPECT_EQ(other.polls, 1);
}

TEST(Progress, AWaitTurnsWhatElseItsThreadUses) {
  const SetClock clock;
  Progress waiting(clock), other(clock), apart(clock);
  Counting of_other, of_apart;
  of_other.active = of_apart.active = 1;
  other.add(&of_other);
  apart.add(&of_apart);
  waiting.join_neighbours();
  other.join_neighbours();
  for (Progress* progress : {&waiting, &other, &apart}) progress->enter();
  waiting.look(0);
  EXPECT_EQ(of_other.polls, 1);
  EXPECT_EQ(of_apart.polls, 0);

  // Another thread takes it over, and leaves it to the first one again.
  std::thread([&] { other.enter(); }).join();
  waiting.look(0);
  EXPECT_EQ(of_other.polls, 1);
  other.enter();
  waiting.look(0);
  EXPECT_EQ(of_other.polls, 2);
}

TEST(Progress, WhoeverHasEndedIsNoNeighbour) {
  const SetClock clock;
  Progress waiting(clock);
  waiting.join_neighbours();
  waiting.enter();
  {
    Progress other(clock);
    other.join_neighbours();
    other.enter();
  }
  waiting.look(0);
}

TEST(Progress, LooksAreApart) {
  const SetClock clock;
  Progress progress(clock);
  Counting poller;
  progress.add(&poller);
  progress.look_every(std::chrono::microseconds(1));
  progress.look(5000);
  progress.look(5999);
  EXPECT_EQ(poller.looks, 1);
  progress.look(6000);
  EXPECT_EQ(poller.looks, 2);
}

TEST(Progress, WhoeverWasRemovedIsLeftAlone) {
  const SetClock clock;
  Progress progress(clock);
  Counting poller;
  poller.active = 1;
  progress.add(&poller);
  progress.remove(&poller);
  EXPECT_EQ(progress.poll(), 0);
  progress.look(std::int64_t{1} << 40);
  EXPECT_EQ(poller.polls + poller.looks, 0);
}

}  // namespace
}  // namespace weft
