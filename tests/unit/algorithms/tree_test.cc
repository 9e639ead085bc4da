#include "algorithms/tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace weft::algorithms {
namespace {

using Maker = Tree (*)(int, int);

class AnyTree : public testing::TestWithParam<Maker> {};

TEST_P(AnyTree, ParentsAndChildrenAgree) {
  for (int ranks = 1; ranks <= 130; ++ranks) {
    for (int rank = 0; rank < ranks; ++rank) {
      const Tree tree = GetParam()(rank, ranks);
      for (std::size_t k = 0; k < tree.children.size(); ++k) {
        const Tree child = GetParam()(tree.children[k], ranks);
        EXPECT_EQ(child.parent, rank) << ranks << " ranks, child " << tree.children[k];
        EXPECT_EQ(child.branch, static_cast<int>(k));
      }
      if (tree.parent >= 0) {
        const auto siblings = GetParam()(tree.parent, ranks).children;
        EXPECT_EQ(std::ranges::count(siblings, rank), 1);
      }
    }
  }
}

TEST_P(AnyTree, LeadsFromEveryRankToTheOneRootInFewSteps) {
  for (int ranks = 1; ranks <= 130; ++ranks) {
    int roots = 0;
    for (int rank = 0; rank < ranks; ++rank) {
      int depth = 0;
      int at = rank;
      for (int up = at; (up = GetParam()(at, ranks).parent) >= 0; at = up) ++depth;
      EXPECT_LE(depth, log2_up(ranks) + 1);
      if (at == rank) ++roots;
    }
    EXPECT_EQ(roots, 1) << ranks << " ranks";
  }
}

INSTANTIATE_TEST_SUITE_P(Trees, AnyTree,
                         testing::Values(binomial_tree, binary_tree, mirrored_tree));

TEST(BinaryTree, HasAtMostTwoChildren) {
  for (int ranks = 1; ranks <= 130; ++ranks) {
    for (int rank = 0; rank < ranks; ++rank) {
      EXPECT_LE(binary_tree(rank, ranks).children.size(), 2U);
    }
  }
}

TEST(BinaryTree, InnerRanksAreLeavesOfTheMirroredTreeForEvenRankCounts) {
  for (int ranks = 2; ranks <= 130; ranks += 2) {
    for (int rank = 0; rank < ranks; ++rank) {
      const bool inner = !binary_tree(rank, ranks).children.empty();
      const bool inner_mirrored = !mirrored_tree(rank, ranks).children.empty();
      EXPECT_FALSE(inner && inner_mirrored) << "rank " << rank << " of " << ranks;
    }
  }
}

}  // namespace
}  // namespace weft::algorithms
