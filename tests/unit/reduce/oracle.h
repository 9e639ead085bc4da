// What a reduction must give, from arithmetic on values rather than on bits: the reference for the
// kernels' tests.
#pragma once

#include <weft/types.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

namespace weft::test {

using Bytes = std::vector<std::byte>;

// A binary floating-point format of 16 bits: sign, kExponentBits, kMantissaBits.
template <int kExponentBits, int kMantissaBits>
struct Half {
  static constexpr int kBias = (1 << (kExponentBits - 1)) - 1;
  static constexpr int kSpecial = (1 << kExponentBits) - 1;
  std::uint16_t bits;

  double value() const {
    const int exponent = (bits >> kMantissaBits) & kSpecial;
    const int mantissa = bits & ((1 << kMantissaBits) - 1);
    double magnitude;
    if (exponent == kSpecial) {
      magnitude = mantissa != 0 ? std::numeric_limits<double>::quiet_NaN()
                                : std::numeric_limits<double>::infinity();
    } else if (exponent == 0) {
      magnitude = std::ldexp(mantissa, 1 - kBias - kMantissaBits);
    } else {
      magnitude = std::ldexp(mantissa + (1 << kMantissaBits), exponent - kBias - kMantissaBits);
    }
    return (bits & 0x8000) != 0 ? -magnitude : magnitude;
  }

  // The nearest value of the format, of two equally near ones the even.
  static Half nearest(double value) {
    const auto pack = [&](int exponent, int mantissa) {
      const int sign = std::signbit(value) ? 0x8000 : 0;
      return Half{static_cast<std::uint16_t>(sign + (exponent << kMantissaBits) + mantissa)};
    };
    if (std::isnan(value)) {
      return Half{
          static_cast<std::uint16_t>((kSpecial << kMantissaBits) + (1 << (kMantissaBits - 1)))};
    }
    if (std::isinf(value)) return pack(kSpecial, 0);
    if (value == 0) return pack(0, 0);
    const int exponent = std::max(std::ilogb(value), 1 - kBias);
    const int units =
        static_cast<int>(std::nearbyint(std::ldexp(std::fabs(value), kMantissaBits - exponent)));
    // A carry out of the mantissa raises the exponent, by the arithmetic of the sum; so does it
    // become infinity.
    const int biased = exponent + kBias;
    const int packed = units < (1 << kMantissaBits)
                           ? units
                           : (biased << kMantissaBits) + units - (1 << kMantissaBits);
    return packed >= (kSpecial << kMantissaBits) ? pack(kSpecial, 0) : pack(0, packed);
  }
};
using F16 = Half<5, 10>;
using Bf16 = Half<8, 7>;

template <class T>
inline constexpr bool kIsHalf = std::is_same_v<T, F16> || std::is_same_v<T, Bf16>;

// A floating-point element as f32, and the element nearest to an f32.
template <class T>
float value_of(T element) {
  if constexpr (kIsHalf<T>) {
    return static_cast<float>(element.value());
  } else {
    return element;
  }
}
template <class T>
T element_of(float value) {
  if constexpr (kIsHalf<T>) {
    return T::nearest(static_cast<double>(value));
  } else {
    return value;
  }
}

// Calls visit(T{}) with the element type of `type`.
template <class Visit>
auto with_type(DataType type, Visit visit) {
  switch (type) {
    case DataType::f32:
      return visit(float{});
    case DataType::f64:
      return visit(double{});
    case DataType::f16:
      return visit(F16{});
    case DataType::bf16:
      return visit(Bf16{});
    case DataType::i8:
      return visit(std::int8_t{});
    case DataType::u8:
      return visit(std::uint8_t{});
    case DataType::i32:
      return visit(std::int32_t{});
    case DataType::u32:
      return visit(std::uint32_t{});
    case DataType::i64:
      return visit(std::int64_t{});
    case DataType::u64:
      break;
  }
  return visit(std::uint64_t{});
}

template <class T>
T expected_float(ReduceOp op, T a, T b) {
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<T>::quiet_NaN();
  const bool a_first = a < b || (a == b && std::signbit(a));
  switch (op) {
    case ReduceOp::sum:
    case ReduceOp::avg:
      return a + b;
    case ReduceOp::prod:
      return a * b;
    case ReduceOp::min:
      return a_first ? a : b;
    case ReduceOp::max:
      break;
  }
  return a_first ? b : a;
}

template <class T>
T expected_integer(ReduceOp op, T a, T b) {
  const auto x = static_cast<std::uint64_t>(a);
  const auto y = static_cast<std::uint64_t>(b);
  switch (op) {
    case ReduceOp::sum:
    case ReduceOp::avg:
      return static_cast<T>(x + y);
    case ReduceOp::prod:
      return static_cast<T>(x * y);
    case ReduceOp::min:
      return a < b ? a : b;
    case ReduceOp::max:
      break;
  }
  return a < b ? b : a;
}

// One element: `values` combined from left to right, divided, rounded once.
template <class T>
T expected_element(ReduceOp op, const std::vector<T>& values, int divisor) {
  if constexpr (kIsHalf<T>) {
    // f32's precision; the exponents of sums go further than f32's, those of products do not.
    const bool adds = op == ReduceOp::sum || op == ReduceOp::avg;
    const float scale = adds && std::is_same_v<T, Bf16> ? 0x1p-16f : 1.0f;
    auto wide = static_cast<float>(values[0].value()) * scale;
    for (std::size_t s = 1; s < values.size(); ++s) {
      wide = expected_float(op, wide, static_cast<float>(values[s].value()) * scale);
    }
    if (divisor != 1) wide /= static_cast<float>(divisor);
    return T::nearest(static_cast<double>(wide) / static_cast<double>(scale));
  } else if constexpr (std::is_floating_point_v<T>) {
    T wide = values[0];
    for (std::size_t s = 1; s < values.size(); ++s) wide = expected_float(op, wide, values[s]);
    if (divisor != 1) wide /= static_cast<T>(divisor);
    return std::isnan(wide) ? std::numeric_limits<T>::quiet_NaN() : wide;
  } else {
    T wide = values[0];
    for (std::size_t s = 1; s < values.size(); ++s) wide = expected_integer(op, wide, values[s]);
    using Wide = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;
    return static_cast<T>(static_cast<Wide>(wide) / static_cast<Wide>(divisor));
  }
}

// The whole result. A single source that is not divided comes through bit for bit, NaN payloads
// included.
inline Bytes expected(DataType type, ReduceOp op, const std::vector<Bytes>& sources, int divisor) {
  if (sources.size() == 1 && divisor == 1) return sources[0];
  return with_type(type, [&](auto zero) {
    using T = decltype(zero);
    Bytes result(sources[0].size());
    std::vector<T> values(sources.size());
    for (std::size_t at = 0; at < result.size(); at += sizeof(T)) {
      for (std::size_t s = 0; s < sources.size(); ++s) {
        std::memcpy(&values[s], sources[s].data() + at, sizeof(T));
      }
      const T element = expected_element(op, values, divisor);
      std::memcpy(result.data() + at, &element, sizeof(T));
    }
    return result;
  });
}

}  // namespace weft::test
