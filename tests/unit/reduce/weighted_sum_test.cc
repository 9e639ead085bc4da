#include "reduce/weighted_sum.h"

#include <gtest/gtest.h>

#include <random>

#include "oracle.h"

namespace weft::reduce {
namespace {

using test::element_of;
using test::kIsHalf;
using test::value_of;
using test::with_type;

// Row by row; the products are kept apart from the sums.
template <class T>
std::vector<T> expected(const std::vector<std::vector<T>>& rows, const std::vector<float>& weights,
                        std::size_t elements) {
  std::vector<T> result;
  for (std::size_t i = 0; i < elements; ++i) {
    float sum = 0;
    for (std::size_t row = 0; row < rows.size(); ++row) {
      const volatile float product = weights[row] * value_of(rows[row][i]);
      sum = row == 0 ? product : sum + product;
    }
    result.push_back(element_of<T>(sum));
  }
  return result;
}

template <class T>
void compare(DataType type, std::size_t count, std::size_t elements) {
  std::mt19937 random(static_cast<unsigned>(count * 1000 + elements));
  const auto draw = [&] {
    return static_cast<float>(static_cast<int>(random() % 4001) - 2000) / 333;
  };
  std::vector<std::vector<T>> rows(count);
  std::vector<float> weights(count);
  std::vector<const void*> places;
  for (std::size_t row = 0; row < count; ++row) {
    weights[row] = draw();
    for (std::size_t i = 0; i < elements + 1; ++i) rows[row].push_back(element_of<T>(draw()));
    places.push_back(rows[row].data());
  }
  std::vector<T> result(elements + 1, element_of<T>(77));
  weighted_sum(type)(result.data(), places.data(), weights.data(), static_cast<int>(count),
                     elements);
  std::vector<T> wanted = expected(rows, weights, elements);
  wanted.push_back(element_of<T>(77));  // nothing past the end
  EXPECT_EQ(std::memcmp(result.data(), wanted.data(), wanted.size() * sizeof(T)), 0)
      << count << " rows of " << elements << " " << name_of(type);
}

TEST(WeightedSum, RoundsAsTheOracleDoes) {
  for (const DataType type : {DataType::f32, DataType::bf16, DataType::f16}) {
    for (const std::size_t count : {0, 1, 2, 3, 8, 64}) {
      for (const std::size_t elements : {0, 1, 7, 63, 64, 65, 129, 1000}) {
        with_type(type, [&](auto zero) {
          using T = decltype(zero);
          if constexpr (kIsHalf<T> || std::is_same_v<T, float>) compare<T>(type, count, elements);
        });
      }
    }
  }
}

TEST(WeightedSum, MakesOneNaNOfAll) {
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> row(100, infinity);
  const float weights[] = {1, -1};
  const void* rows[] = {row.data(), row.data()};
  std::vector<float> result(100);
  weighted_sum(DataType::f32)(result.data(), rows, weights, 2, 100);
  for (const float value : result) EXPECT_EQ(std::bit_cast<std::uint32_t>(value), 0x7FC00000u);
}

TEST(WeightedSum, IsOfFloatsAlone) {
  for (const DataType type : {DataType::f64, DataType::i8, DataType::u64})
    EXPECT_EQ(weighted_sum(type), nullptr);
}

}  // namespace
}  // namespace weft::reduce
