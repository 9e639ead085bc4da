#include "perf/common/element.h"

#include <weft/data_type.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace weft::perf {
namespace {

// The bits of the nearest value of a floating-point format, of two equally near ones the even;
// overflow becomes infinity.
std::uint64_t encode(const DataTypeTraits& format, double value) {
  const int bias = (1 << (format.exponent_bits - 1)) - 1;
  const std::uint64_t infinity = ((std::uint64_t{1} << format.exponent_bits) - 1)
                                 << format.fraction_bits;
  const std::uint64_t sign = std::signbit(value) ? std::uint64_t{1} << (8 * format.bytes - 1) : 0;
  if (std::isnan(value)) return infinity | std::uint64_t{1} << (format.fraction_bits - 1);
  if (std::isinf(value)) return sign | infinity;
  if (value == 0) return sign;
  const int exponent = std::max(std::ilogb(value), 1 - bias);
  const auto units = static_cast<std::uint64_t>(
      std::nearbyint(std::ldexp(std::abs(value), format.fraction_bits - exponent)));
  // A carry out of the fraction raises the exponent, to infinity's at last.
  const std::uint64_t one = std::uint64_t{1} << format.fraction_bits;
  const auto biased = static_cast<std::uint64_t>(exponent + bias) << format.fraction_bits;
  return sign | std::min(units < one ? units : biased + units - one, infinity);
}

double decode(const DataTypeTraits& format, std::uint64_t bits) {
  const int bias = (1 << (format.exponent_bits - 1)) - 1;
  const std::uint64_t one = std::uint64_t{1} << format.fraction_bits;
  const std::uint64_t special = (std::uint64_t{1} << format.exponent_bits) - 1;
  const std::uint64_t exponent = bits >> format.fraction_bits & special;
  const std::uint64_t fraction = bits & (one - 1);
  double magnitude = 0;
  if (exponent == special) {
    magnitude = fraction != 0 ? NAN : INFINITY;
  } else {
    const std::uint64_t units = exponent == 0 ? fraction : fraction + one;
    magnitude = std::ldexp(static_cast<double>(units),
                           std::max(static_cast<int>(exponent), 1) - bias - format.fraction_bits);
  }
  return (bits >> (8 * format.bytes - 1)) != 0 ? -magnitude : magnitude;
}

}  // namespace

// Lower bytes come first on every processor that weft runs on.
void store_element(DataType type, void* at, double value) {
  const DataTypeTraits& traits = *traits_of(type);
  std::uint64_t bits = 0;
  if (traits.kind == NumberKind::floating) {
    bits = encode(traits, value);
  } else if (traits.kind == NumberKind::signed_integer) {
    bits = static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
  } else {
    bits = static_cast<std::uint64_t>(value);
  }
  std::memcpy(at, &bits, traits.bytes);
}

double load_element(DataType type, const void* at) {
  const DataTypeTraits& traits = *traits_of(type);
  std::uint64_t bits = 0;
  std::memcpy(&bits, at, traits.bytes);
  if (traits.kind == NumberKind::floating) return decode(traits, bits);
  if (traits.kind == NumberKind::unsigned_integer) return static_cast<double>(bits);
  const int unused = static_cast<int>(64 - 8 * traits.bytes);
  return static_cast<double>(static_cast<std::int64_t>(bits << unused) >> unused);
}

double relative_step(DataType type) {
  return is_floating(type) ? std::ldexp(1.0, -1 - traits_of(type)->fraction_bits) : 0;
}

}  // namespace weft::perf
