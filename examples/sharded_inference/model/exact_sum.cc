#include "model/exact_sum.h"

#include "model/problem.h"

#include <cmath>

namespace inference {

void add_exactly(std::span<std::int64_t> sums, const float* values) {
  bool fits = true;
  for (std::size_t i = 0; i < sums.size(); ++i) fits &= std::fabs(values[i]) < kFixedLimit;
  if (!fits) {
    throw Problem(
        "an activation is no number or above 2^20: the weights do not make a working model");
  }
  for (std::size_t i = 0; i < sums.size(); ++i) {
    sums[i] += static_cast<std::int64_t>(static_cast<double>(values[i]) * kFixedOne);
  }
}

void add_sums(float* values, std::span<const std::int64_t> sums) {
  for (std::size_t i = 0; i < sums.size(); ++i) {
    values[i] += static_cast<float>(static_cast<double>(sums[i]) / kFixedOne);
  }
}

}  // namespace inference
