#include "model/kernels.h"

#include "model/exact_sum.h"
#include "model/problem.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

namespace inference {
namespace {

std::vector<float> random_values(std::size_t count, std::uint32_t seed = 7) {
  std::mt19937 bits(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(bits()) * 0x1p-31f - 1.0f;
  return values;
}

double plain_dot(const float* a, const float* b, std::size_t count) {
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

TEST(Kernels, dot_is_the_sum_of_products_at_every_length) {
  const auto a = random_values(300, 1), b = random_values(300, 2);
  for (std::size_t count = 0; count <= a.size(); ++count) {
    EXPECT_NEAR(kernels::dot(a.data(), b.data(), count), plain_dot(a.data(), b.data(), count),
                1e-4);
  }
}

TEST(Kernels, dot_has_the_same_bits_at_every_alignment) {
  const auto a = random_values(176, 1), b = random_values(176, 2);
  const float expected = kernels::dot(a.data(), b.data(), a.size());
  for (std::size_t shift = 1; shift < 16; ++shift) {
    std::vector<float> moved(shift, 0.0f);
    moved.insert(moved.end(), a.begin(), a.end());
    EXPECT_EQ(kernels::dot(moved.data() + shift, b.data(), a.size()), expected);
  }
}

TEST(Kernels, matmul_multiplies_each_token_and_leaves_what_lies_between) {
  constexpr std::size_t kRows = 5, kColumns = 37, kTokens = 3, kIn = 40, kOut = 9;
  const auto weights = random_values(kRows * kColumns, 1), in = random_values(kTokens * kIn, 2);
  std::vector<float> out(kTokens * kOut, 99.0f);
  kernels::matmul(out.data(), kOut, weights.data(), kRows, kColumns, in.data(), kIn, kTokens);
  for (std::size_t t = 0; t < kTokens; ++t) {
    for (std::size_t r = 0; r < kOut; ++r) {
      const double expected =
          r < kRows ? plain_dot(&weights[r * kColumns], &in[t * kIn], kColumns) : 99.0;
      EXPECT_NEAR(out[t * kOut + r], expected, 1e-5);
    }
  }
}

TEST(Kernels, rms_norm_divides_by_the_root_of_the_mean_square) {
  const auto in = random_values(100, 1), weight = random_values(100, 2);
  std::vector<float> out(100);
  kernels::rms_norm(out.data(), in.data(), weight.data(), 100, 1e-5f);
  const double root = std::sqrt(plain_dot(in.data(), in.data(), 100) / 100 + 1e-5);
  for (std::size_t i = 0; i < 100; ++i) EXPECT_NEAR(out[i], in[i] / root * weight[i], 1e-5);
}

TEST(Kernels, rope_turns_pairs_by_the_position) {
  constexpr std::size_t kDim = 32;
  const auto before = random_values(kDim);
  auto after = before;
  kernels::rope(after.data(), kDim, 0, 10000.0f);
  EXPECT_EQ(after, before);
  kernels::rope(after.data(), kDim, 11, 10000.0f);
  for (std::size_t i = 0; i < kDim / 2; ++i) {
    const double angle = 11 / std::pow(10000.0, 2.0 * static_cast<double>(i) / kDim);
    const double x = before[i], y = before[i + kDim / 2];
    EXPECT_NEAR(after[i], x * std::cos(angle) - y * std::sin(angle), 1e-5);
    EXPECT_NEAR(after[i + kDim / 2], y * std::cos(angle) + x * std::sin(angle), 1e-5);
  }
}

TEST(Kernels, softmax_sums_to_one_and_bears_large_values) {
  std::vector<float> values = {1000.0f, 1001.0f, 999.0f, -1000.0f};
  kernels::softmax(values.data(), values.size());
  EXPECT_NEAR(std::accumulate(values.begin(), values.end(), 0.0), 1.0, 1e-6);
  EXPECT_NEAR(values[1] / values[0], std::exp(1.0), 1e-4);
  EXPECT_EQ(values[3], 0.0f);
}

TEST(Kernels, swiglu_gates) {
  const auto gate = random_values(50, 1), up = random_values(50, 2);
  std::vector<float> out(50);
  kernels::swiglu(out.data(), gate.data(), up.data(), 50);
  for (std::size_t i = 0; i < 50; ++i) {
    EXPECT_NEAR(out[i], gate[i] / (1 + std::exp(-static_cast<double>(gate[i]))) * up[i], 1e-6);
  }
}

TEST(ExactSum, has_the_same_bits_in_every_order) {
  constexpr std::size_t kParts = 6, kCount = 64;
  std::vector<std::vector<float>> parts;
  for (std::uint32_t i = 0; i < kParts; ++i) parts.push_back(random_values(kCount, i));
  std::vector<std::size_t> order(kParts);
  std::iota(order.begin(), order.end(), 0);
  std::vector<std::int64_t> expected(kCount);
  for (const auto& part : parts) add_exactly(expected, part.data());
  do {
    std::vector<std::int64_t> sums(kCount);
    for (const std::size_t part : order) add_exactly(sums, parts[part].data());
    ASSERT_EQ(sums, expected);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(ExactSum, comes_back_as_the_sum) {
  const auto a = random_values(64, 1), b = random_values(64, 2);
  std::vector<std::int64_t> sums(64);
  add_exactly(sums, a.data());
  add_exactly(sums, b.data());
  std::vector<float> values(64, 1.0f);
  add_sums(values.data(), sums);
  for (std::size_t i = 0; i < 64; ++i) EXPECT_NEAR(values[i], 1.0f + a[i] + b[i], 1e-6);
}

TEST(ExactSum, refuses_what_is_no_number_or_too_large) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(),
                          std::numeric_limits<float>::infinity(), 2e6f, -2e6f}) {
    std::int64_t sum = 0;
    EXPECT_THROW(add_exactly({&sum, 1}, &bad), Problem);
  }
}

}  // namespace
}  // namespace inference
