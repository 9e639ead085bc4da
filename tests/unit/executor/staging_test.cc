#include "executor/staging.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace weft::executor {
namespace {

constexpr std::size_t kHalf = std::size_t{768} << 10;

struct Taken {
  std::size_t begin, end;
};

TEST(Staging, NoPassTakesWhatThePassBeforeHas) {
  std::mt19937_64 random(18);
  const std::size_t sizes[] = {64,       2048,      4095,           4096,       8192,
                               64 << 10, 100 << 10, kHalf / 2 + 64, kHalf - 64, kHalf};
  Staging staging(kHalf);
  Taken last{0, 0};
  for (int pass = 0; pass < 100000; ++pass) {
    const std::size_t bytes = sizes[random() % std::size(sizes)];
    const std::size_t begin = staging.take(bytes);
    ASSERT_LE(begin + bytes, 2 * kHalf);
    ASSERT_TRUE(begin + bytes <= last.begin || last.end <= begin)
        << "pass " << pass << ": " << begin << " to " << begin + bytes << " after " << last.begin
        << " to " << last.end;
    last = {begin, begin + bytes};
  }
}

TEST(Staging, LargePassesGoRoundAllOfItWhateverIsBetween) {
  constexpr std::size_t kPass = 64 << 10;
  for (const int small : {0, 1, 2, 3, 4}) {
    for (const std::size_t other : {std::size_t{64}, std::size_t{8} << 10}) {
      Staging staging(kHalf);
      std::set<std::size_t> seen;
      std::size_t taken = 0;  // since the first place came again
      const std::size_t first = staging.take(kPass);
      do {
        taken += kPass;
        for (int i = 0; i < small; ++i) {
          (void)staging.take(other);
          if (!Staging::keeps_spot(other)) taken += other;
        }
        seen.insert(staging.take(kPass));
      } while (!seen.contains(first) && taken < 16 * kHalf);
      EXPECT_GE(taken, kHalf) << small << " of " << other;
      EXPECT_GE(seen.size() * kPass, kHalf) << small << " of " << other;
    }
  }
}

TEST(Staging, SmallPassesKeepTheirTwoSpots) {
  Staging staging(kHalf);
  std::set<std::size_t> seen;
  for (int pass = 0; pass < 100; ++pass) {
    const std::size_t next = staging.next_spot();
    const std::size_t begin = staging.take(256);
    if (pass > 0) {
      EXPECT_EQ(begin, next);
    }
    seen.insert(begin);
  }
  EXPECT_EQ(seen, (std::set<std::size_t>{0, kHalf}));
}

}  // namespace
}  // namespace weft::executor
