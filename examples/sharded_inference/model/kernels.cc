#include "model/kernels.h"

#include <algorithm>
#include <cmath>

namespace inference::kernels {
namespace {

// Lanes make the order of the sum explicit, so that the compiler may vectorise it without being
// allowed to reorder floating point, and every vector width gives the same bits.
constexpr std::size_t kLanes = 16;

float sum_of(float (&lanes)[kLanes]) {
  for (std::size_t width = kLanes / 2; width > 0; width /= 2) {
    for (std::size_t i = 0; i < width; ++i) lanes[i] += lanes[i + width];
  }
  return lanes[0];
}

}  // namespace

float dot(const float* a, const float* b, std::size_t count) {
  float lanes[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += a[i + lane] * b[i + lane];
  }
  for (std::size_t lane = 0; i < count; ++i, ++lane) lanes[lane] += a[i] * b[i];
  return sum_of(lanes);
}

void matmul(float* out, std::size_t out_stride, const float* weights, std::size_t rows,
            std::size_t columns, const float* in, std::size_t in_stride, std::size_t tokens) {
  for (std::size_t row = 0; row < rows; ++row) {
    const float* weight = weights + row * columns;
    for (std::size_t token = 0; token < tokens; ++token) {
      out[token * out_stride + row] = dot(weight, in + token * in_stride, columns);
    }
  }
}

void rms_norm(float* out, const float* in, const float* weight, std::size_t count, float eps) {
  const float mean = dot(in, in, count) / static_cast<float>(count);
  const float scale = 1.0f / std::sqrt(mean + eps);
  for (std::size_t i = 0; i < count; ++i) out[i] = in[i] * scale * weight[i];
}

void rope(float* head, std::size_t dim, std::size_t position, float theta) {
  const std::size_t half = dim / 2;
  for (std::size_t i = 0; i < half; ++i) {
    const double exponent = -2.0 * static_cast<double>(i) / static_cast<double>(dim);
    const double angle = static_cast<double>(position) * std::pow(theta, exponent);
    const auto c = static_cast<float>(std::cos(angle)), s = static_cast<float>(std::sin(angle));
    const float a = head[i], b = head[i + half];
    head[i] = a * c - b * s;
    head[i + half] = b * c + a * s;
  }
}

void softmax(float* values, std::size_t count) {
  const float most = *std::max_element(values, values + count);
  float sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = std::exp(values[i] - most);
    sum += values[i];
  }
  for (std::size_t i = 0; i < count; ++i) values[i] /= sum;
}

void swiglu(float* out, const float* gate, const float* up, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) out[i] = gate[i] / (1.0f + std::exp(-gate[i])) * up[i];
}

void add_scaled(float* y, float a, const float* x, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) y[i] += a * x[i];
}

}  // namespace inference::kernels
