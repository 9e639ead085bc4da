#include "algorithms/fold.h"

#include <gtest/gtest.h>

namespace weft::algorithms {
namespace {

TEST(Fold, MembersAreTheLargestPowerOfTwoInRankOrder) {
  for (int ranks = 1; ranks <= 200; ++ranks) {
    const Fold fold(ranks);
    int next = 0;
    for (int rank = 0; rank < ranks; ++rank) {
      if (fold.member(rank) < 0) continue;
      EXPECT_EQ(fold.member(rank), next);
      EXPECT_EQ(fold.rank(next), rank);
      ++next;
    }
    EXPECT_EQ(next, 1 << log2_down(ranks));
    EXPECT_EQ(next + fold.extras(), ranks);
  }
}

TEST(Fold, EveryExtraIsRepresentedByTheNextRank) {
  for (int ranks = 1; ranks <= 200; ++ranks) {
    const Fold fold(ranks);
    int represented = 0;
    for (int rank = 0; rank < ranks; ++rank) {
      if (fold.member(rank) < 0) {
        EXPECT_EQ(fold.extra(rank + 1), rank);
      }
      if (fold.extra(rank) >= 0) {
        EXPECT_LT(fold.member(fold.extra(rank)), 0);
        ++represented;
      }
    }
    EXPECT_EQ(represented, fold.extras());
  }
}

}  // namespace
}  // namespace weft::algorithms
