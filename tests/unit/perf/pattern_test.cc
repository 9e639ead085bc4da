#include "perf/common/pattern.h"

#include "perf/common/element.h"
#include "perf/common/names.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace weft::perf {
namespace {

std::string describe(DataType type, ReduceOp op, int ranks) {
  return std::string(text_of(type)) + " " + std::string(text_of(op)) + " x" + std::to_string(ranks);
}

// Reduces element by element, storing every partial result in the type, from the last rank to the
// first.
std::vector<std::byte> reduce_in_type(const Pattern& pattern, DataType type, ReduceOp op, int ranks,
                                      std::size_t count) {
  const std::size_t bytes = element_bytes(type);
  std::vector<std::byte> result(count * bytes);
  for (std::size_t i = 0; i < count; ++i) {
    std::byte* at = &result[i * bytes];
    store_element(type, at, pattern.input(ranks - 1, i));
    for (int rank = ranks - 2; rank >= 0; --rank) {
      const double a = load_element(type, at);
      const double b = pattern.input(rank, i);
      const double both = op == ReduceOp::prod  ? a * b
                          : op == ReduceOp::min ? std::min(a, b)
                          : op == ReduceOp::max ? std::max(a, b)
                                                : a + b;
      store_element(type, at, both);
    }
    if (op == ReduceOp::avg) {
      const double mean = load_element(type, at) / ranks;
      store_element(type, at, relative_step(type) == 0 ? std::trunc(mean) : mean);
    }
  }
  return result;
}

TEST(Pattern, ReductionsAreExactInEveryTypeForManyRanks) {
  constexpr std::size_t kCount = 257;
  for (const int ranks : {1, 2, 3, 8, 61, 150}) {
    for (const DataType type : parse_types("all")) {
      for (const ReduceOp op : parse_ops("all")) {
        const Pattern pattern(type, op, ranks, 7);
        const auto result = reduce_in_type(pattern, type, op, ranks, kCount);
        EXPECT_EQ(pattern.wrong_reduced(result.data(), 0, kCount), 0u) << describe(type, op, ranks);
      }
    }
  }
}

TEST(Pattern, EveryRankMakesADifferenceSomewhere) {
  for (const int ranks : {2, 150}) {
    for (const ReduceOp op : {ReduceOp::sum, ReduceOp::prod}) {
      const Pattern pattern(DataType::u8, op, ranks, 1);
      const double neutral = op == ReduceOp::sum ? 0 : 1;
      for (int rank = 0; rank < ranks; ++rank) {
        std::size_t counts = 0;
        for (std::size_t i = 0; i < Pattern::kPeriod; ++i)
          counts += pattern.input(rank, i) != neutral;
        EXPECT_GT(counts, 0u) << describe(DataType::u8, op, ranks) << " rank " << rank;
      }
    }
  }
}

TEST(Pattern, OneChangedElementIsOneWrong) {
  for (const DataType type : parse_types("all")) {
    const Pattern pattern(type, ReduceOp::sum, 2, 3);
    std::vector<std::byte> data(20000 * element_bytes(type));
    pattern.fill(1, data.data(), 20000);
    EXPECT_EQ(pattern.wrong_input(1, data.data(), 20000), 0u);
    store_element(type, &data[12345 * element_bytes(type)], 99);
    EXPECT_EQ(pattern.wrong_input(1, data.data(), 20000), 1u) << text_of(type);
  }
}

TEST(Pattern, ABlockAtTheWrongOffsetIsSeen) {
  constexpr std::size_t kCount = 1 << 14;
  const Pattern pattern(DataType::f32, ReduceOp::sum, 2, 3);
  std::vector<float> data(kCount);
  for (std::size_t i = 0; i < kCount; ++i) data[i] = static_cast<float>(pattern.reduced(i));
  EXPECT_EQ(pattern.wrong_reduced(data.data(), 0, kCount), 0u);
  for (const std::size_t offset : {std::size_t{1}, std::size_t{64}, std::size_t{8192}}) {
    EXPECT_GT(pattern.wrong_reduced(data.data(), offset, kCount), kCount / 2) << offset;
  }
}

TEST(Pattern, AnUntouchedOutputIsWrong) {
  for (const DataType type : parse_types("all")) {
    const Pattern pattern(type, ReduceOp::sum, 4, 3);
    std::vector<std::byte> data(100 * element_bytes(type));
    poison(data.data(), data.size());
    EXPECT_EQ(pattern.wrong_reduced(data.data(), 0, 100), 100u) << text_of(type);
  }
}

TEST(Pattern, AnotherSeedIsOtherData) {
  const Pattern first(DataType::i32, ReduceOp::sum, 2, 1);
  const Pattern second(DataType::i32, ReduceOp::sum, 2, 2);
  std::vector<std::int32_t> data(1000);
  first.fill(0, data.data(), data.size());
  EXPECT_GT(second.wrong_input(0, data.data(), data.size()), 500u);
}

TEST(Pattern, NotANumberIsWrong) {
  const Pattern pattern(DataType::f32, ReduceOp::avg, 3, 1);
  const std::vector<float> data(10, std::nanf(""));
  EXPECT_EQ(pattern.wrong_reduced(data.data(), 0, data.size()), data.size());
}

TEST(Element, SixteenBitFormatsRoundTripTheirSmallIntegers) {
  for (const DataType type : {DataType::f16, DataType::bf16}) {
    for (int value = -256; value <= 256; ++value) {
      std::uint16_t bits = 0;
      store_element(type, &bits, value);
      EXPECT_EQ(load_element(type, &bits), value) << text_of(type);
    }
  }
}

TEST(Element, SixteenBitFormatsHaveTheirKnownEncodings) {
  std::uint16_t bits = 0;
  store_element(DataType::f16, &bits, 1.0);
  EXPECT_EQ(bits, 0x3c00);
  store_element(DataType::f16, &bits, -65504.0);
  EXPECT_EQ(bits, 0xfbff);
  store_element(DataType::f16, &bits, 1.0 / 3);
  EXPECT_EQ(bits, 0x3555);
  store_element(DataType::f16, &bits, std::ldexp(1.0, -24));
  EXPECT_EQ(bits, 0x0001);
  store_element(DataType::f16, &bits, 1e9);
  EXPECT_EQ(bits, 0x7c00);
  store_element(DataType::bf16, &bits, 1.0);
  EXPECT_EQ(bits, 0x3f80);
  store_element(DataType::bf16, &bits, 1.0 / 3);
  EXPECT_EQ(bits, 0x3eab);
}

}  // namespace
}  // namespace weft::perf
