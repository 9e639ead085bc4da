// What the kernels compute, one element at a time in plain C++. The vector code must agree with it
// bit for bit; it is also the path of tiny counts and of processors without vectors.
//
// A NaN that an operator produces is always the positive quiet NaN without payload, and -0 orders
// below +0: so a result depends neither on the order of two operands nor on the instruction set.
#pragma once

#include <weft/types.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

namespace weft::reduce {

// The 16-bit floating-point types as stored; both compute in f32.
struct F16 {
  std::uint16_t bits;
};
struct Bf16 {
  std::uint16_t bits;
};

// Raw is the type of a stored lane, Wide the type that operators work on.
template <class T>
struct Element {
  using Raw = T;
  using Wide = T;
  static Wide widen(Raw raw) { return raw; }
  static Raw narrow(Wide wide) { return wide; }
};

template <>
struct Element<Bf16> {
  using Raw = std::uint16_t;
  using Wide = float;
  static float widen(Raw raw) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(raw) << 16);
  }
  // Rounds to nearest even. The canonical NaN comes through unharmed, other NaNs do not occur.
  static Raw narrow(float wide) {
    const auto bits = std::bit_cast<std::uint32_t>(wide);
    return static_cast<Raw>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
  }
};

// The f32 bit patterns between which f16 conversions choose.
inline constexpr std::uint32_t kF16Rebias = (127 - 15) << 23;          // exponent bias f32 - f16
inline constexpr std::uint32_t kF16Overflow = (127 + 16) << 23;        // 65536: beyond every f16
inline constexpr std::uint32_t kF16SmallestNormal = (127 - 14) << 23;  // 2^-14
// Adding this float aligns a value below 2^-14 so that f32 addition rounds it to a multiple of
// 2^-24.
inline constexpr std::uint32_t kF16SubnormalAlign = (127 - 15 + 23 - 10 + 1) << 23;

template <>
struct Element<F16> {
  using Raw = std::uint16_t;
  using Wide = float;
  static float widen(Raw raw) {
    const std::uint32_t sign = static_cast<std::uint32_t>(raw & 0x8000) << 16;
    const std::uint32_t magnitude = static_cast<std::uint32_t>(raw & 0x7FFF) << 13;
    std::uint32_t bits = magnitude + kF16Rebias;
    if (magnitude >= (0x7C00u << 13)) {
      bits += kF16Rebias;
    } else if (magnitude < (0x0400u << 13)) {
      bits = std::bit_cast<std::uint32_t>(std::bit_cast<float>(bits + (1u << 23)) -
                                          std::bit_cast<float>(kF16SmallestNormal));
    }
    return std::bit_cast<float>(bits | sign);
  }
  // Rounds to nearest even; only the canonical NaN occurs.
  static Raw narrow(float wide) {
    const auto all = std::bit_cast<std::uint32_t>(wide);
    const std::uint32_t magnitude = all & 0x7FFFFFFF;
    std::uint32_t bits;
    if (magnitude >= kF16Overflow) {
      bits = magnitude > 0x7F800000 ? 0x7E00 : 0x7C00;
    } else if (magnitude < kF16SmallestNormal) {
      bits = std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) +
                                          std::bit_cast<float>(kF16SubnormalAlign)) -
             kF16SubnormalAlign;
    } else {
      bits = (magnitude - kF16Rebias + 0xFFF + ((magnitude >> 13) & 1)) >> 13;
    }
    return static_cast<Raw>(bits | ((all >> 16) & 0x8000));
  }
};

template <class T>
T canonical(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    return value != value ? std::numeric_limits<T>::quiet_NaN() : value;
  } else {
    return value;
  }
}

// Truncating division, exact: an 8-bit quotient in f32 and a 32-bit one in f64 never round up to
// the next integer, and unlike integer division they vectorize.
template <class T, class Divisor>
T divide(T value, Divisor divisor) {
  if constexpr (std::is_floating_point_v<T>) {
    return value / static_cast<T>(divisor);
  } else if constexpr (sizeof(T) == 8) {
    return value / static_cast<T>(divisor);
  } else {
    using Float = std::conditional_t<sizeof(T) == 1, float, double>;
    return static_cast<T>(static_cast<Float>(value) / static_cast<Float>(divisor));
  }
}

// The operators. Floating-point sum and prod leave NaNs to canonical(); min and max settle them at
// every step.
struct Sum {
  static constexpr bool kDivides = true;
  template <class T>
  static T apply(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) {
      return a + b;
    } else {
      using U = std::make_unsigned_t<T>;
      return static_cast<T>(static_cast<U>(a) + static_cast<U>(b));
    }
  }
};

// Two overflow only where their sum does, and need no kSumScale.
struct SumOfTwo : Sum {};

struct Prod {
  static constexpr bool kDivides = false;
  template <class T>
  static T apply(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) {
      return a * b;
    } else {
      using U = std::make_unsigned_t<T>;
      return static_cast<T>(static_cast<U>(a) * static_cast<U>(b));
    }
  }
};

// What elements of a type are multiplied by before an operator works on them, and results divided
// by: a power of two. f32 has as much room above as bf16, so that a sum of a few could overflow
// before others bring it back, but it has room below: scaled down, every bf16 is exact, and no sum
// of up to 2^16 overflows unless its result does. The bits of other sums are the same.
template <class T, class Op>
inline constexpr float kSumScale = 1;
template <>
inline constexpr float kSumScale<Bf16, Sum> = 0x1p-16f;

// The element at `from` (any alignment) as the operator works on it.
template <class T, class Op>
auto load_wide(const std::byte* from) {
  using E = Element<T>;
  typename E::Raw raw;
  std::memcpy(&raw, from, sizeof(raw));
  if constexpr (kSumScale<T, Op> == 1) {
    return E::widen(raw);
  } else {
    return E::widen(raw) * kSumScale<T, Op>;
  }
}

template <class T>
bool is_negative(T value) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
  return std::bit_cast<Bits>(value) < 0;
}

struct Min {
  static constexpr bool kDivides = false;
  template <class T>
  static T apply(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) {
      if (a != a || b != b) return std::numeric_limits<T>::quiet_NaN();
      if (a == b) return is_negative(a) ? a : b;
    }
    return b < a ? b : a;
  }
};

struct Max {
  static constexpr bool kDivides = false;
  template <class T>
  static T apply(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) {
      if (a != a || b != b) return std::numeric_limits<T>::quiet_NaN();
      if (a == b) return is_negative(a) ? b : a;
    }
    return a < b ? b : a;
  }
};

template <class T, class Op>
[[gnu::always_inline]] inline void reduce_elements_of(void* const* dsts, int dst_count,
                                                      const void* const* srcs, int src_count,
                                                      std::size_t count, int divisor) {
  using E = Element<T>;
  using Raw = typename E::Raw;
  const auto load = [](const void* base, std::size_t i) {
    return load_wide<T, Op>(static_cast<const std::byte*>(base) + i * sizeof(Raw));
  };
  for (std::size_t i = 0; i < count; ++i) {
    auto wide = load(srcs[0], i);
    for (int s = 1; s < src_count; ++s) wide = Op::apply(wide, load(srcs[s], i));
    if constexpr (kSumScale<T, Op> != 1) {
      wide = divisor == 1 ? wide * (1 / kSumScale<T, Op>)
                          : wide / (static_cast<float>(divisor) * kSumScale<T, Op>);
    } else if constexpr (Op::kDivides) {
      if (divisor != 1) wide = divide(wide, divisor);
    }
    const Raw raw = E::narrow(canonical(wide));
    for (int d = 0; d < dst_count; ++d) {
      std::memcpy(static_cast<std::byte*>(dsts[d]) + i * sizeof(Raw), &raw, sizeof(Raw));
    }
  }
}

// The whole reduction, element by element; arguments as Kernel's. The commonest counts are
// constants to the compiler, which leaves no inner loops.
template <class T, class Op>
void reduce_elements(void* const* dsts, int dst_count, const void* const* srcs, int src_count,
                     std::size_t count, int divisor) {
  if (src_count == 2 && dst_count == 1) {
    return reduce_elements_of<T, Op>(dsts, 1, srcs, 2, count, divisor);
  }
  reduce_elements_of<T, Op>(dsts, dst_count, srcs, src_count, count, divisor);
}

// What `pick` makes of the element type that is behind a floating-point type of up to 32 bits;
// nothing for other types.
template <class Pick>
auto pick_float(DataType type, const Pick& pick) {
  using Picked = decltype(pick(float{}));
  switch (type) {
    case DataType::f32:
      return pick(float{});
    case DataType::f16:
      return pick(F16{});
    case DataType::bf16:
      return pick(Bf16{});
    default:
      return Picked{};
  }
}

}  // namespace weft::reduce
