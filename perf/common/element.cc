#include "perf/common/element.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace weft::perf {
namespace {

// Rounds to a format of `fraction_bits` explicit fraction bits and a smallest normal exponent;
// overflow becomes infinity.
double round_to(double value, int fraction_bits, int min_exponent, double largest) {
  if (value == 0 || !std::isfinite(value)) return value;
  const int exponent = std::max(std::ilogb(value), min_exponent);
  const double unit = std::ldexp(1.0, exponent - fraction_bits);
  const double rounded = std::nearbyint(value / unit) * unit;
  return std::abs(rounded) > largest ? std::copysign(INFINITY, value) : rounded;
}

std::uint16_t to_half(double value) {
  const double rounded = round_to(value, 10, -14, 65504);
  const std::uint16_t sign = std::signbit(rounded) ? 0x8000 : 0;
  if (std::isnan(rounded)) return 0x7e00;
  if (std::isinf(rounded)) return static_cast<std::uint16_t>(sign | 0x7c00);
  const double magnitude = std::abs(rounded);
  if (magnitude < std::ldexp(1.0, -14)) {
    return static_cast<std::uint16_t>(sign | static_cast<int>(std::ldexp(magnitude, 24)));
  }
  const int exponent = std::ilogb(magnitude);
  const int fraction = static_cast<int>(std::ldexp(magnitude, 10 - exponent)) - 1024;
  return static_cast<std::uint16_t>(sign | ((exponent + 15) << 10) | fraction);
}

double from_half(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const int fraction = bits & 1023;
  double magnitude = 0;
  if (exponent == 31) {
    magnitude = fraction != 0 ? NAN : INFINITY;
  } else if (exponent == 0) {
    magnitude = std::ldexp(fraction, -24);
  } else {
    magnitude = std::ldexp(1024 + fraction, exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

std::uint16_t to_bfloat(double value) {
  const auto rounded = static_cast<float>(round_to(value, 7, -126, 3.3895313892515355e38));
  return static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(rounded) >> 16);
}

double from_bfloat(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

template <typename T>
void put(void* at, T value) {
  std::memcpy(at, &value, sizeof(value));
}

template <typename T>
T get(const void* at) {
  T value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

}  // namespace

void store_element(DataType type, void* at, double value) {
  switch (type) {
    case DataType::f32:
      return put(at, static_cast<float>(value));
    case DataType::f64:
      return put(at, value);
    case DataType::f16:
      return put(at, to_half(value));
    case DataType::bf16:
      return put(at, to_bfloat(value));
    case DataType::i8:
      return put(at, static_cast<std::int8_t>(value));
    case DataType::u8:
      return put(at, static_cast<std::uint8_t>(value));
    case DataType::i32:
      return put(at, static_cast<std::int32_t>(value));
    case DataType::u32:
      return put(at, static_cast<std::uint32_t>(value));
    case DataType::i64:
      return put(at, static_cast<std::int64_t>(value));
    case DataType::u64:
      return put(at, static_cast<std::uint64_t>(value));
  }
}

double load_element(DataType type, const void* at) {
  switch (type) {
    case DataType::f32:
      return get<float>(at);
    case DataType::f64:
      return get<double>(at);
    case DataType::f16:
      return from_half(get<std::uint16_t>(at));
    case DataType::bf16:
      return from_bfloat(get<std::uint16_t>(at));
    case DataType::i8:
      return get<std::int8_t>(at);
    case DataType::u8:
      return get<std::uint8_t>(at);
    case DataType::i32:
      return get<std::int32_t>(at);
    case DataType::u32:
      return get<std::uint32_t>(at);
    case DataType::i64:
      return static_cast<double>(get<std::int64_t>(at));
    case DataType::u64:
      return static_cast<double>(get<std::uint64_t>(at));
  }
  return NAN;
}

double relative_step(DataType type) {
  switch (type) {
    case DataType::f32:
      return std::ldexp(1.0, -24);
    case DataType::f64:
      return std::ldexp(1.0, -53);
    case DataType::f16:
      return std::ldexp(1.0, -11);
    case DataType::bf16:
      return std::ldexp(1.0, -8);
    default:
      return 0;
  }
}

}  // namespace weft::perf
