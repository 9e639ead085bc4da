#include "base/cpu.h"

#include <gtest/gtest.h>

namespace weft {
namespace {

TEST(Cpu, PollsAreAPauseApartUntilSomebodyMeasured) {
  EXPECT_EQ(poll_pauses(), 1U);
  set_poll_pauses(0);
  EXPECT_EQ(poll_pauses(), 0U);
  set_poll_pauses(1000000);
  EXPECT_EQ(poll_pauses(), kMostPollPauses);
}

TEST(Cpu, SpinsForAsManyStepsWhateverTheSpacing) {
  for (const unsigned pauses : {0U, 1U, 3U}) {
    int looks = 0;
    EXPECT_FALSE(spin(48, pauses, [&] { return ++looks < 0; }));
    EXPECT_EQ(looks, 48 / static_cast<int>(1 + pauses));
    EXPECT_TRUE(spin(48, pauses, [&] { return ++looks > 0; }));
  }
}

}  // namespace
}  // namespace weft
