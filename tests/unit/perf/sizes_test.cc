#include "perf/common/sizes.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace weft::perf {
namespace {

TEST(Sizes, UnitsArePowersOf1024) {
  EXPECT_EQ(parse_size("8"), 8u);
  EXPECT_EQ(parse_size("4K"), 4096u);
  EXPECT_EQ(parse_size("4k"), 4096u);
  EXPECT_EQ(parse_size("4KiB"), 4096u);
  EXPECT_EQ(parse_size("4KB"), 4096u);
  EXPECT_EQ(parse_size("128M"), 134217728u);
  EXPECT_EQ(parse_size("2G"), 2147483648u);
  EXPECT_EQ(parse_size("1.5M"), 1572864u);
  EXPECT_EQ(parse_size("16B"), 16u);
}

TEST(Sizes, NonsenseIsRefused) {
  for (const char* text :
       {"", "K", "-8", "8X", "8KX", "1.3", "1..5K", "99999999999G", "0x10", " 8"}) {
    EXPECT_THROW(parse_size(text), std::invalid_argument) << text;
  }
}

TEST(Sizes, TextReadsBack) {
  EXPECT_EQ(format_size(8), "8 B");
  EXPECT_EQ(format_size(65536), "64 KiB");
  EXPECT_EQ(format_size(1536), "1.5 KiB");
  EXPECT_EQ(format_size(134217728), "128 MiB");
}

TEST(Sizes, AFactorMultipliesUpToTheLargest) {
  EXPECT_EQ(sweep_sizes(8, 64, 2, 0), (std::vector<std::size_t>{8, 16, 32, 64}));
  EXPECT_EQ(sweep_sizes(8, 63, 2, 0), (std::vector<std::size_t>{8, 16, 32}));
  EXPECT_EQ(sweep_sizes(5, 5, 2, 0), (std::vector<std::size_t>{5}));
}

TEST(Sizes, AnIncrementWinsOverTheFactor) {
  EXPECT_EQ(sweep_sizes(8, 20, 2, 4), (std::vector<std::size_t>{8, 12, 16, 20}));
}

TEST(Sizes, ASweepThatCannotEndIsRefused) {
  EXPECT_THROW(sweep_sizes(8, 64, 1, 0), std::invalid_argument);
  EXPECT_THROW(sweep_sizes(0, 64, 2, 0), std::invalid_argument);
  EXPECT_THROW(sweep_sizes(64, 8, 2, 0), std::invalid_argument);
}

TEST(Sizes, TheLargestSizesDoNotOverflow) {
  const std::size_t top = ~std::size_t{0};
  EXPECT_EQ(sweep_sizes(top / 2, top, 3, 0).size(), 1u);
  EXPECT_EQ(sweep_sizes(top - 1, top, 2, 5).size(), 1u);
}

TEST(Sizes, AListKeepsItsOrder) {
  EXPECT_EQ(parse_sizes("64,8,1K"), (std::vector<std::size_t>{64, 8, 1024}));
  EXPECT_EQ(parse_sizes("8"), (std::vector<std::size_t>{8}));
  for (const char* text : {"", "8,", ",8", "8,x", "0"}) {
    EXPECT_THROW(parse_sizes(text), std::invalid_argument) << text;
  }
}

}  // namespace
}  // namespace weft::perf
