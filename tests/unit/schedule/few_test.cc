#include "schedule/few.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace weft::schedule {
namespace {

using Numbers = Few<std::uint64_t, 2>;

Numbers counted(std::size_t count) {
  std::vector<std::uint64_t> values(count);
  std::iota(values.begin(), values.end(), 1U);
  Numbers few;
  few.assign(values.begin(), values.end());
  return few;
}

TEST(Few, HoldsAnyNumberOfElements) {
  for (std::size_t count = 0; count < 6; ++count) {
    const Numbers few = counted(count);
    ASSERT_EQ(few.size(), count);
    EXPECT_EQ(few.empty(), count == 0);
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(few[i], i + 1);
  }
}

TEST(Few, CopiesAndMovesAcrossTheSizeThatFitsInside) {
  for (std::size_t from = 0; from < 5; ++from) {
    for (std::size_t to = 0; to < 5; ++to) {
      Numbers source = counted(from);
      Numbers target = counted(to);
      target = source;
      EXPECT_EQ(target, counted(from));
      EXPECT_EQ(source, counted(from));
      Numbers moved = counted(to);
      moved = std::move(source);
      EXPECT_EQ(moved, counted(from));
    }
  }
}

TEST(Few, GrowsAndShrinksByOne) {
  Numbers few;
  for (std::uint64_t i = 1; i < 6; ++i) {
    few.push_back(i);
    EXPECT_EQ(few, counted(i));
  }
  for (std::size_t left = 4; left > 0; --left) {
    few.pop_back();
    EXPECT_EQ(few, counted(left));
  }
  few = counted(5);
  few.clear();
  EXPECT_TRUE(few.empty());
}

TEST(Few, GrowsByAnElementOfItsOwn) {
  Numbers few = counted(1);
  while (few.size() < 6) {
    few.push_back(few.front());
    EXPECT_EQ(few.back(), 1U);
  }
}

}  // namespace
}  // namespace weft::schedule
