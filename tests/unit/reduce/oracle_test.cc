// The oracle judges the kernels, so its conversions are themselves checked: against arithmetic by
// hand and against themselves over every bit pattern.
#include "oracle.h"

#include <gtest/gtest.h>

namespace weft::test {
namespace {

template <class T>
class HalfFormat : public testing::Test {};
using Formats = testing::Types<F16, Bf16>;
TYPED_TEST_SUITE(HalfFormat, Formats);

TYPED_TEST(HalfFormat, EveryValueIsNearestToItself) {
  for (int bits = 0; bits < 1 << 16; ++bits) {
    const TypeParam half{static_cast<std::uint16_t>(bits)};
    if (std::isnan(half.value())) continue;
    ASSERT_EQ(TypeParam::nearest(half.value()).bits, bits);
  }
}

TYPED_TEST(HalfFormat, MidpointsGoToTheEvenNeighbourAndTheRestToTheNearest) {
  for (int bits = 0; bits < 0x7FFF; ++bits) {
    const double low = TypeParam{static_cast<std::uint16_t>(bits)}.value();
    const double high = TypeParam{static_cast<std::uint16_t>(bits + 1)}.value();
    if (!std::isfinite(high)) break;
    const double middle = (low + high) / 2;
    ASSERT_EQ(TypeParam::nearest(middle).bits, bits + bits % 2);
    ASSERT_EQ(TypeParam::nearest(std::nextafter(middle, low)).bits, bits);
    ASSERT_EQ(TypeParam::nearest(std::nextafter(middle, high)).bits, bits + 1);
  }
}

TEST(Oracle, KnowsTheFormatsByExample) {
  EXPECT_EQ(F16::nearest(1.0).bits, 0x3C00);
  EXPECT_EQ(F16::nearest(-2.0).bits, 0xC000);
  EXPECT_EQ(F16::nearest(65504.0).bits, 0x7BFF);
  EXPECT_EQ(F16::nearest(65519.9).bits, 0x7BFF);
  EXPECT_EQ(F16::nearest(65520.0).bits, 0x7C00);
  EXPECT_EQ(F16::nearest(0x1p-24).bits, 0x0001);
  EXPECT_EQ(F16::nearest(0x1p-25).bits, 0x0000);
  EXPECT_EQ(Bf16::nearest(1.0).bits, 0x3F80);
  EXPECT_EQ(Bf16::nearest(3.3895313892515355e38).bits, 0x7F7F);
  EXPECT_EQ(Bf16::nearest(std::nan("")).bits, 0x7FC0);
  EXPECT_EQ(Bf16{0xFF80}.value(), -std::numeric_limits<double>::infinity());
}

TEST(Oracle, WrapsIntegersAndDividesTowardsZero) {
  EXPECT_EQ(expected_element<std::int8_t>(ReduceOp::sum, {127, 1}, 1), -128);
  EXPECT_EQ(expected_element<std::uint8_t>(ReduceOp::prod, {255, 255}, 1), 1);
  EXPECT_EQ(expected_element<std::int32_t>(ReduceOp::avg, {-5, -2}, 2), -3);
  EXPECT_EQ(expected_element<std::int64_t>(ReduceOp::max, {INT64_MIN, INT64_MAX}, 1), INT64_MAX);
}

TEST(Oracle, OrdersZerosBySignAndLetsNanWin) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::signbit(expected_element<float>(ReduceOp::min, {0.0f, -0.0f}, 1)));
  EXPECT_FALSE(std::signbit(expected_element<float>(ReduceOp::max, {-0.0f, 0.0f}, 1)));
  EXPECT_TRUE(std::isnan(expected_element<float>(ReduceOp::min, {nan, 1.0f}, 1)));
  EXPECT_TRUE(std::isnan(expected_element<float>(ReduceOp::max, {1.0f, nan}, 1)));
}

}  // namespace
}  // namespace weft::test
