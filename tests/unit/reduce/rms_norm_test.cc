#include "reduce/rms_norm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>

#include "harness.h"
#include "targets.h"

namespace weft::test {
namespace {

class RmsNormTest : public testing::TestWithParam<std::int64_t> {
 private:
  TargetScope scope_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(EveryTarget, RmsNormTest, testing::ValuesIn(usable_targets()),
                         [](const auto& param) { return hwy::TargetName(param.param); });

constexpr DataType kTypes[] = {DataType::f32, DataType::f16, DataType::bf16};

template <class T>
T nearest(float value) {
  if constexpr (kIsHalf<T>) {
    return T::nearest(static_cast<double>(value));
  } else {
    return std::isnan(value) ? std::numeric_limits<T>::quiet_NaN() : value;
  }
}

template <class T>
std::vector<T> random_elements(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> values(0.0f, 3.0f);
  std::vector<T> elements;
  for (std::size_t i = 0; i < count; ++i) elements.push_back(nearest<T>(values(random)));
  return elements;
}

template <class T>
struct Expected {
  std::vector<T> sums, normed;
};

// Row by row and element by element; squares added up as rms_norm-inl.h says.
template <class T>
Expected<T> expected(const std::vector<std::vector<T>>& srcs, const std::vector<T>& residual,
                     const std::vector<T>& weight, float epsilon) {
  Expected<T> result;
  const std::size_t hidden = weight.size();
  for (std::size_t first = 0; first < residual.size(); first += hidden) {
    double partial[32] = {};
    for (std::size_t i = 0; i < hidden; ++i) {
      float sum = value_of(srcs[0][first + i]);
      for (std::size_t s = 1; s < srcs.size(); ++s) sum += value_of(srcs[s][first + i]);
      result.sums.push_back(nearest<T>(sum + value_of(residual[first + i])));
      const double stored = value_of(result.sums.back());
      partial[i % 32] += stored * stored;
    }
    for (std::size_t width = 16; width > 0; width /= 2) {
      for (std::size_t i = 0; i < width; ++i) partial[i] += partial[i + width];
    }
    const auto scale = static_cast<float>(
        1 / std::sqrt(partial[0] / static_cast<double>(hidden) + static_cast<double>(epsilon)));
    for (std::size_t i = 0; i < hidden; ++i) {
      result.normed.push_back(
          nearest<T>(value_of(result.sums[first + i]) * scale * value_of(weight[i])));
    }
  }
  return result;
}

template <class T>
bool same_bytes(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

// One case: `shift` elements between the operands' starts and a boundary.
template <class T>
void expect_right(int src_count, int dst_count, std::size_t rows, std::size_t hidden,
                  std::size_t shift, float spoil = 0) {
  std::vector<std::vector<T>> srcs;
  std::vector<const void*> sources;
  for (int s = 0; s < src_count; ++s) {
    srcs.push_back(random_elements<T>(rows * hidden + shift, static_cast<unsigned>(s)));
    if (spoil != 0) srcs.back()[shift + hidden / 2] = nearest<T>(spoil);
    sources.push_back(srcs.back().data() + shift);
    srcs.back().erase(srcs.back().begin(), srcs.back().begin() + static_cast<long>(shift));
    sources.back() = srcs.back().data();
  }
  const auto residual = random_elements<T>(rows * hidden, 77);
  const auto weight = random_elements<T>(hidden, 78);
  const T guard = nearest<T>(99.0f);
  std::vector<std::vector<T>> sums(static_cast<std::size_t>(dst_count),
                                   std::vector<T>(rows * hidden + shift + 1, guard));
  auto normed = sums;
  std::vector<void*> sum_pointers, pointers;
  for (auto& sum : sums) sum_pointers.push_back(sum.data() + shift);
  for (auto& dst : normed) pointers.push_back(dst.data() + shift);
  reduce::rms_norm_kernel(std::is_same_v<T, float> ? DataType::f32
                          : std::is_same_v<T, F16> ? DataType::f16
                                                   : DataType::bf16)(
      {sources.data(), src_count, residual.data(), sum_pointers.data(), pointers.data(), dst_count,
       weight.data(), rows, hidden, 1e-5f});
  const Expected<T> right = expected(srcs, residual, weight, 1e-5f);
  for (int d = 0; d < dst_count; ++d) {
    for (auto* list : {&sums, &normed}) {
      auto& got = (*list)[static_cast<std::size_t>(d)];
      ASSERT_TRUE(std::memcmp(&got.back(), &guard, sizeof(T)) == 0) << "wrote past the end";
      got.pop_back();
      got.erase(got.begin(), got.begin() + static_cast<long>(shift));
    }
    ASSERT_TRUE(same_bytes(sums[static_cast<std::size_t>(d)], right.sums)) << hidden;
    ASSERT_TRUE(same_bytes(normed[static_cast<std::size_t>(d)], right.normed)) << hidden;
  }
}

template <class Visit>
void for_types(Visit visit) {
  visit(float{});
  visit(F16{});
  visit(Bf16{});
}

TEST_P(RmsNormTest, AgreesWithPlainArithmeticBitForBit) {
  for_types([](auto zero) {
    using T = decltype(zero);
    for (const std::size_t hidden : {1, 2, 31, 32, 33, 64, 100, 257, 1024}) {
      for (int srcs = 1; srcs <= 8; ++srcs) {
        expect_right<T>(srcs, 1 + (srcs + static_cast<int>(hidden)) % 3, 3, hidden, hidden % 4);
      }
    }
  });
}

TEST_P(RmsNormTest, TakesEightDestinations) {
  for_types([](auto zero) { expect_right<decltype(zero)>(2, 8, 2, 70, 1); });
}

TEST_P(RmsNormTest, WorksInPlace) {
  for_types([](auto zero) {
    using T = decltype(zero);
    constexpr std::size_t kRows = 3, kHidden = 75;
    std::vector<std::vector<T>> srcs = {random_elements<T>(kRows * kHidden, 1),
                                        random_elements<T>(kRows * kHidden, 2)};
    auto residual = random_elements<T>(kRows * kHidden, 3);
    const auto weight = random_elements<T>(kHidden, 4);
    const Expected<T> right = expected(srcs, residual, weight, 0.0f);
    const void* sources[] = {srcs[0].data(), srcs[1].data()};
    void* sum = residual.data();
    void* dst = srcs[1].data();
    const auto type = std::is_same_v<T, float> ? DataType::f32
                      : std::is_same_v<T, F16> ? DataType::f16
                                               : DataType::bf16;
    reduce::rms_norm_kernel(type)(
        {sources, 2, residual.data(), &sum, &dst, 1, weight.data(), kRows, kHidden, 0.0f});
    EXPECT_TRUE(same_bytes(residual, right.sums));
    EXPECT_TRUE(same_bytes(srcs[1], right.normed));
  });
}

TEST_P(RmsNormTest, SpreadsNanOverItsRowAlone) {
  for (const float spoil :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    for_types([&](auto zero) { expect_right<decltype(zero)>(2, 1, 2, 96, 0, spoil); });
  }
}

TEST_P(RmsNormTest, NormalisesToUnitMeanSquare) {
  constexpr std::size_t kHidden = 4096;
  const auto input = random_elements<float>(kHidden, 5);
  const std::vector<float> zeros(kHidden), ones(kHidden, 1.0f);
  std::vector<float> sum(kHidden), normed(kHidden);
  const void* src = input.data();
  void* sum_to = sum.data();
  void* to = normed.data();
  reduce::rms_norm_kernel(DataType::f32)(
      {&src, 1, zeros.data(), &sum_to, &to, 1, ones.data(), 1, kHidden, 0.0f});
  double square = 0;
  for (const float value : normed) square += static_cast<double>(value) * value;
  EXPECT_NEAR(square / kHidden, 1.0, 1e-6);
}

TEST(RmsNorm, ExistsForFloatingPointOfUpTo32BitsOnly) {
  for (int type = 0; type < kDataTypes; ++type) {
    const bool wanted = std::ranges::find(kTypes, DataType(type)) != std::end(kTypes);
    EXPECT_EQ(reduce::rms_norm_kernel(DataType(type)) != nullptr, wanted)
        << name_of(DataType(type));
  }
}

}  // namespace
}  // namespace weft::test
