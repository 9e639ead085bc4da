#include "bootstrap/deadline.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace weft::bootstrap {
namespace {

using namespace std::chrono_literals;

TEST(Deadline, extreme_time_outs_neither_overflow_nor_wait) {
  EXPECT_TRUE(Deadline(std::chrono::nanoseconds::min()).passed());
  EXPECT_EQ(Deadline(-1s).poll_ms(), 0);
  EXPECT_FALSE(Deadline(std::chrono::nanoseconds::max()).passed());
  EXPECT_EQ(Deadline(std::chrono::nanoseconds::max()).poll_ms(), 60'000);
  EXPECT_EQ(Deadline(std::chrono::nanoseconds::max()).poll_ms(7), 7);
}

TEST(Deadline, a_later_one_still_tells_the_time_out_that_was_asked_for) {
  const Deadline later = Deadline(0s).later(1h);
  EXPECT_FALSE(later.passed());
  EXPECT_EQ(later.timeout(), 0s);
}

TEST(Deadline, durations_are_told_in_words) {
  EXPECT_EQ(in_words(60s), "60 s");
  EXPECT_EQ(in_words(1500ms), "1.5 s");
  EXPECT_EQ(in_words(300ms), "300 ms");
  EXPECT_EQ(in_words(0ns), "0 ms");
}

TEST(Deadline, ranks_are_listed_and_long_lists_cut) {
  EXPECT_EQ(ranks_have(std::vector{3}, 8), "rank 3 of 8 has");
  EXPECT_EQ(ranks_have(std::vector{3, 5}, 8), "ranks 3, 5 of 8 have");
  std::vector<int> many(40);
  std::iota(many.begin(), many.end(), 1);
  EXPECT_EQ(ranks_have(many, 64),
            "ranks 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 and 24 more of 64 have");
}

}  // namespace
}  // namespace weft::bootstrap
