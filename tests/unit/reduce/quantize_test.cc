#include "reduce/quantize.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "oracle.h"
#include "targets.h"

namespace weft::test {
namespace {

using reduce::encoded_bytes;
using reduce::kBlockBytes;
using reduce::kBlockElements;

constexpr Quantization kForms[] = {Quantization::int8, Quantization::fp8_e4m3};

// The E4M3 value nearest to `value`, of two equally near ones the one with the even code: by
// search.
double nearest_fp8(double value) {
  double best = 0;
  double distance = std::fabs(value);
  bool best_even = true;
  for (int code = 1; code < 0x7F; ++code) {
    const int exponent = code >> 3;
    const double magnitude =
        exponent == 0 ? std::ldexp(code & 7, -9) : std::ldexp(8 + (code & 7), exponent - 10);
    const double away = std::fabs(std::fabs(value) - magnitude);
    if (away < distance || (away == distance && code % 2 == 0 && !best_even)) {
      best = magnitude;
      distance = away;
      best_even = code % 2 == 0;
    }
  }
  return std::signbit(value) ? -best : best;
}

// One block's elements after their way through the code.
std::vector<float> expected_block(const std::vector<float>& values, Quantization form) {
  float largest = 0;
  bool finite = true;
  for (const float value : values) {
    finite = finite && std::isfinite(value);
    largest = std::max(largest, std::fabs(value));
  }
  std::vector<float> result(values.size());
  if (!finite) {
    std::fill(result.begin(), result.end(), std::numeric_limits<float>::quiet_NaN());
    return result;
  }
  if (largest < 0x1p-100f) return result;
  const float quotient = largest / (form == Quantization::int8 ? 127.0f : 448.0f);
  int exponent = 0;
  const double fraction = std::frexp(static_cast<double>(quotient), &exponent);
  const auto scale =
      static_cast<float>(std::ldexp(std::ceil(std::ldexp(fraction, 16)), exponent - 16));
  const float inverse = 1.0f / scale;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double code = static_cast<double>(values[i] * inverse);
    const double kept = form == Quantization::int8 ? std::nearbyint(code) : nearest_fp8(code);
    result[i] = static_cast<float>(kept * static_cast<double>(scale));
  }
  return result;
}

template <class T>
constexpr DataType kTypeOf = std::is_same_v<T, float> ? DataType::f32
                             : std::is_same_v<T, F16> ? DataType::f16
                                                      : DataType::bf16;

// Random magnitudes of many binades, some blocks of zeros, some that are hardly there.
std::vector<float> any_values(std::size_t count) {
  const int spread = *rc::gen::inRange(0, 20).as("binades");
  const int centre = *rc::gen::inRange(-10, 10).as("exponent");
  std::vector<float> values;
  for (const int raw : *rc::gen::container<std::vector<int>>(count, rc::gen::arbitrary<int>())) {
    const int exponent = centre - (spread == 0 ? 0 : (raw & 0xFFFF) % spread);
    values.push_back(std::ldexp(static_cast<float>(raw >> 8) * 0x1p-23f, exponent));
  }
  return values;
}

float clamp_to_f16(float value) { return std::clamp(value, -60000.0f, 60000.0f); }

template <class T>
std::vector<T> through(const std::vector<std::vector<T>>& sources, Quantization form) {
  const reduce::Codec codec = reduce::codec(kTypeOf<T>, form);
  const std::size_t count = sources[0].size();
  std::vector<Bytes> encoded;
  std::vector<const std::byte*> pointers;
  for (const auto& source : sources) {
    encoded.emplace_back(encoded_bytes(count));
    codec.encode(source.data(), count, encoded.back().data());
  }
  for (const Bytes& bytes : encoded) pointers.push_back(bytes.data());
  std::vector<T> result(count);
  codec.decode(pointers.data(), static_cast<int>(pointers.size()), result.data(), count);
  return result;
}

// What `through` must give: blocks coded one by one, added up in f32.
template <class T>
std::vector<T> expected_sum(const std::vector<std::vector<T>>& sources, Quantization form) {
  const std::size_t count = sources[0].size();
  std::vector<float> sum(count);
  for (std::size_t s = 0; s < sources.size(); ++s) {
    for (std::size_t first = 0; first < count; first += kBlockElements) {
      std::vector<float> block;
      for (std::size_t i = first; i < std::min(first + kBlockElements, count); ++i) {
        block.push_back(value_of(sources[s][i]));
      }
      const std::vector<float> kept = expected_block(block, form);
      for (std::size_t i = 0; i < kept.size(); ++i) {
        sum[first + i] = s == 0 ? kept[i] : sum[first + i] + kept[i];
      }
    }
  }
  std::vector<T> result;
  for (const float value : sum) result.push_back(element_of<T>(value));
  return result;
}

template <class T>
void expect_agreement(const std::vector<std::vector<float>>& values, Quantization form) {
  std::vector<std::vector<T>> sources;
  for (const auto& source : values) {
    sources.emplace_back();
    for (const float value : source) sources.back().push_back(element_of<T>(clamp_to_f16(value)));
  }
  const std::vector<T> right = expected_sum(sources, form);
  for (const auto target : usable_targets()) {
    const TargetScope scope(target);
    const std::vector<T> result = through(sources, form);
    for (std::size_t i = 0; i < right.size(); ++i) {
      if (value_of(result[i]) != value_of(right[i])) {
        RC_FAIL(std::string(hwy::TargetName(target)) + ": element " + std::to_string(i) + " is " +
                std::to_string(value_of(result[i])) + ", not " +
                std::to_string(value_of(right[i])));
      }
    }
  }
}

RC_GTEST_PROP(Quantize, AgreesWithPlainArithmeticOnEveryTarget, ()) {
  const auto count = *rc::gen::inRange<std::size_t>(1, 400).as("count");
  const auto ranks = *rc::gen::inRange<std::size_t>(1, 5).as("sources");
  const Quantization form = *rc::gen::element(Quantization::int8, Quantization::fp8_e4m3);
  std::vector<std::vector<float>> values;
  for (std::size_t r = 0; r < ranks; ++r) values.push_back(any_values(count));
  expect_agreement<float>(values, form);
  expect_agreement<F16>(values, form);
  expect_agreement<Bf16>(values, form);
}

RC_GTEST_PROP(Quantize, KeepsTheBoundOfEachElement, ()) {
  const std::vector<float> values = any_values(kBlockElements);
  double largest = 0;
  for (const float value : values)
    largest = std::max(largest, std::fabs(static_cast<double>(value)));
  for (const Quantization form : kForms) {
    const std::vector<float> kept = through<float>({values}, form);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double error = std::fabs(static_cast<double>(kept[i]) - static_cast<double>(values[i]));
      const double magnitude = std::fabs(static_cast<double>(values[i]));
      const double bound = form == Quantization::int8
                               ? largest / 254
                               : std::max(magnitude / 16, largest / (448 * 1024));
      RC_ASSERT(error <= bound * (1 + 0x1p-14));
    }
  }
}

RC_GTEST_PROP(Quantize, RecodesASumAsIfItWereEncodedAnew, ()) {
  const std::size_t blocks = *rc::gen::inRange<std::size_t>(1, 4);
  const std::size_t count = blocks * kBlockElements;
  const auto a = any_values(count), b = any_values(count);
  for (const Quantization form : kForms) {
    for (const auto target : usable_targets()) {
      const TargetScope scope(target);
      const reduce::Codec codec = reduce::codec(DataType::f32, form);
      Bytes left(encoded_bytes(count)), right(left.size()), sum(left.size()), copy(left.size());
      codec.encode(a.data(), count, left.data());
      codec.encode(b.data(), count, right.data());
      const void* const srcs[] = {left.data(), right.data()};
      void* const dsts[] = {sum.data(), copy.data()};
      codec.recode(dsts, 2, srcs, 2, sum.size(), 1, reduce::Store::cached);
      const std::vector<float> plain = through<float>({a, b}, form);
      Bytes expected(sum.size());
      codec.encode(plain.data(), count, expected.data());
      RC_ASSERT(sum == expected && copy == expected);
    }
  }
}

class EveryTarget : public testing::TestWithParam<std::int64_t> {
 protected:
  TargetScope scope_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Quantize, EveryTarget, testing::ValuesIn(usable_targets()),
                         [](const auto& param) { return hwy::TargetName(param.param); });

TEST_P(EveryTarget, KeepsZerosAndSteps) {
  std::vector<float> values(kBlockElements * 2);
  for (std::size_t i = 0; i < kBlockElements; ++i) values[i] = static_cast<float>(i % 255) - 127.0f;
  EXPECT_EQ(through<float>({values}, Quantization::int8), values);
  for (std::size_t i = 0; i < kBlockElements; ++i) values[i] = static_cast<float>(i % 16) * 28.0f;
  values[0] = 448.0f;
  const auto kept = through<float>({values}, Quantization::fp8_e4m3);
  EXPECT_EQ(kept[0], 448.0f);
  EXPECT_TRUE(
      std::all_of(kept.begin() + kBlockElements, kept.end(), [](float v) { return v == 0; }));
}

TEST_P(EveryTarget, SpreadsNanAndInfinityOverTheirBlockAlone) {
  for (const float spoil :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::infinity()}) {
    for (const Quantization form : kForms) {
      std::vector<float> values(3 * kBlockElements, 2.0f);
      values[kBlockElements + 5] = spoil;
      const std::vector<float> kept =
          through<float>({values, std::vector<float>(values.size(), 1)}, form);
      for (std::size_t i = 0; i < kept.size(); ++i) {
        const bool spoilt = i / kBlockElements == 1;
        EXPECT_EQ(std::isnan(kept[i]), spoilt) << i;
        EXPECT_TRUE(spoilt || std::fabs(kept[i] - 3.0f) < 0.001f) << i;
      }
    }
  }
}

TEST_P(EveryTarget, CountsTinyBlocksAsZeroAndTakesHugeOnes) {
  for (const Quantization form : kForms) {
    EXPECT_EQ(through<float>({std::vector<float>(130, 0x1p-101f)}, form), std::vector<float>(130));
    const auto least = through<float>({std::vector<float>(130, 0x1p-100f)}, form);
    EXPECT_NEAR(least[129] / 0x1p-100f, 1.0f, 0.001f);
    const auto huge = through<float>({std::vector<float>(130, 0x1p127f)}, form);
    EXPECT_NEAR(huge[129] / 0x1p127f, 1.0f, 0.001f);
  }
}

TEST_P(EveryTarget, TouchesNothingBesideItsOperands) {
  const reduce::Codec codec = reduce::codec(DataType::f32, Quantization::int8);
  const std::vector<float> values(200, 127.0f);
  Bytes encoded(encoded_bytes(200) + 1, std::byte{0x5A});
  codec.encode(values.data(), 200, encoded.data());
  EXPECT_EQ(encoded.back(), std::byte{0x5A});
  std::vector<float> result(201, 7.0f);
  const std::byte* source = encoded.data();
  codec.decode(&source, 1, result.data(), 200);
  EXPECT_EQ(result.back(), 7.0f);
  EXPECT_EQ(result[199], 127.0f);
}

TEST(Quantize, TakesFloatingPointOfUpTo32BitsOnly) {
  for (int type = 0; type < kDataTypes; ++type) {
    const DataType t = DataType(type);
    const bool wanted = t == DataType::f32 || t == DataType::f16 || t == DataType::bf16;
    EXPECT_EQ(reduce::codec(t, Quantization::int8).encode != nullptr, wanted);
  }
}

}  // namespace
}  // namespace weft::test
