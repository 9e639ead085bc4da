#include "executor/distances.h"

#include <gtest/gtest.h>

namespace weft::executor {
namespace {

class FakeClock final : public Clock {
 public:
  std::int64_t now_ns() const override { return now_ += kRead; }
  void pass(std::int64_t ns) const { now_ += ns; }

 private:
  static constexpr std::int64_t kRead = 25;  // what a look at the clock takes itself
  mutable std::int64_t now_ = 0;
};

class DistancesTest : public testing::Test {
 protected:
  // A wait for a word of that rank, whose second look finds it after so long.
  void wait(int rank, std::int64_t line_ns) {
    if (!distances_.due()) return distances_.passed();
    EXPECT_FALSE(distances_.timed(rank, [&] { return false; }));
    EXPECT_TRUE(distances_.timed(rank, [&] {
      clock_.pass(line_ns);
      return true;
    }));
  }

  FakeClock clock_;
  Distances distances_{3, clock_};
};

TEST_F(DistancesTest, AreKnownAfterTheFirstFewWaitsAndByRank) {
  EXPECT_EQ(distances_.line_ns(1), 0);
  for (int i = 0; i < 8; ++i) wait(1, 42);
  EXPECT_EQ(distances_.line_ns(1), 42);
  EXPECT_EQ(distances_.line_ns(2), 0);
}

TEST_F(DistancesTest, AnInterruptAndAFewLinesThatWereAtHandDoNotCount) {
  for (int i = 0; i < 5; ++i) wait(1, 160);
  wait(1, 9000);
  for (int i = 0; i < 2; ++i) wait(1, 3);
  EXPECT_EQ(distances_.line_ns(1), 160);
}

TEST_F(DistancesTest, ACoreThatMovedIsNoticed) {
  for (int i = 0; i < 8; ++i) wait(1, 42);
  int waits = 0;
  for (; waits < 1000 && distances_.line_ns(1) != 160; ++waits) wait(1, 160);
  EXPECT_LE(waits, 150);
  EXPECT_GE(waits, 30) << "most waits are not timed";
}

}  // namespace
}  // namespace weft::executor
