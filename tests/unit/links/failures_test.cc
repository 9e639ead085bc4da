#include "links/failures.h"

#include <gtest/gtest.h>

namespace weft::links {
namespace {

struct SetClock final : Clock {
  std::int64_t now_ns() const override { return now; }
  std::int64_t now = 0;
};

struct FailuresTest : testing::Test {
  FailuresTest() : failures(clock, 3) {
    failures.route(1, "fast");
    failures.route(2, "slow");
  }
  SetClock clock;
  Failures failures;
};

TEST_F(FailuresTest, NobodyIsGoneAtFirst) {
  EXPECT_FALSE(failures.any());
  EXPECT_EQ(failures.of(1), nullptr);
  EXPECT_EQ(failures.reports(), 0u);
}

TEST_F(FailuresTest, TheFirstCauseStaysWithItsTime) {
  clock.now = 7;
  failures.peer_failed("fast", 1, "retries exceeded");
  clock.now = 9;
  failures.peer_failed("fast", 1, "closed");
  ASSERT_NE(failures.of(1), nullptr);
  EXPECT_EQ(failures.of(1)->cause, "retries exceeded");
  EXPECT_EQ(failures.of(1)->when_ns, 7);
  EXPECT_EQ(failures.reports(), 2u);
  EXPECT_EQ(failures.of(2), nullptr);
}

TEST_F(FailuresTest, ATransportThatDoesNotReachAPeerSaysNothingOfIt) {
  failures.peer_failed("slow", 1, "no route");
  EXPECT_EQ(failures.of(1), nullptr);
  failures.route(1, "slow");
  EXPECT_NE(failures.of(1), nullptr);
}

TEST_F(FailuresTest, ADeadTransportTakesAllThatItReaches) {
  failures.peer_failed("slow", -1, "the device is gone");
  EXPECT_EQ(failures.of(1), nullptr);
  ASSERT_NE(failures.of(2), nullptr);
  EXPECT_EQ(failures.of(2)->cause, "the device is gone");
}

TEST_F(FailuresTest, WhoeverIsGoneByHimselfIsGoneOverEveryTransport) {
  failures.note(1, "left");
  EXPECT_NE(failures.of(1), nullptr);
  failures.note_all("forked");
  EXPECT_NE(failures.of(2), nullptr);
}

TEST_F(FailuresTest, ANumberThatIsGivenAnewBeginsAnew) {
  failures.peer_failed("fast", 1, "retries exceeded");
  failures.forget(1);
  EXPECT_EQ(failures.of(1), nullptr);
  EXPECT_FALSE(failures.any());
}

}  // namespace
}  // namespace weft::links
