#include "base/cpu.h"

#include <gtest/gtest.h>

namespace weft {
namespace {

TEST(Cpu, LooksAreNoFartherApartThanAFewTransfersOfALine) {
  const unsigned pauses = poll_pauses();
  EXPECT_LE(pauses, 16u);
  EXPECT_EQ(poll_pauses(), pauses);  // measured once
}

}  // namespace
}  // namespace weft
