// Element's vectors: a full register of stored lanes, what it widens to, and the operators on it.
// Compiled once per instruction set; element.h says what is computed.
#if defined(WEFT_REDUCE_LANES_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef WEFT_REDUCE_LANES_INL_H
#undef WEFT_REDUCE_LANES_INL_H
#else
#define WEFT_REDUCE_LANES_INL_H
#endif

#include <hwy/highway.h>
#include "reduce/targets.h"

#include "reduce/element.h"

HWY_BEFORE_NAMESPACE();
namespace weft::reduce::HWY_NAMESPACE {
#if HWY_TARGET != HWY_SCALAR
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;
using Words = hn::ScalableTag<std::uint32_t>;
using Shorts = hn::ScalableTag<std::uint16_t>;
using Halves = hn::Rebind<std::uint16_t, Floats>;  // half a register

// Lanes as they are stored.
template <class T>
struct Lanes {
  using D = hn::ScalableTag<T>;
  using Wide = hn::Vec<D>;
  static HWY_INLINE Wide widen(hn::Vec<D> raw) { return raw; }
  static HWY_INLINE hn::Vec<D> narrow(Wide wide) { return wide; }
};

// The f32 of a register's 16-bit lanes. Which lane is in which half is the type's choice. A
// constructor that the compiler writes would not be compiled for the instruction set.
struct FloatPair {
  HWY_INLINE FloatPair() {}
  HWY_INLINE FloatPair(hn::Vec<Floats> one, hn::Vec<Floats> other) : first(one), second(other) {}
  hn::Vec<Floats> first, second;
};

// The lower halves of words whose upper halves are 0.
HWY_INLINE hn::Vec<Halves> demote(hn::Vec<Words> words) {
  return hn::DemoteTo(Halves(), hn::BitCast(hn::Rebind<std::int32_t, Floats>(), words));
}

// Even lanes first, odd lanes second: no lane ever moves to another place of the register.
template <>
struct Lanes<Bf16> {
  using D = Shorts;
  using Wide = FloatPair;
  static HWY_INLINE Wide widen(hn::Vec<D> raw) {
    const Words words;
    const auto both = hn::BitCast(words, raw);
    return {hn::BitCast(Floats(), hn::ShiftLeft<16>(both)),
            hn::BitCast(Floats(), hn::And(both, hn::Set(words, 0xFFFF0000u)))};
  }
  static HWY_INLINE hn::Vec<D> narrow(Wide wide) {
    return hn::OddEven(hn::BitCast(D(), round(wide.second)),
                       hn::BitCast(D(), hn::ShiftRight<16>(round(wide.first))));
  }

  static HWY_INLINE hn::Vec<Floats> widen_in_order(hn::Vec<Halves> raw) {
    return hn::BitCast(Floats(), hn::ShiftLeft<16>(hn::PromoteTo(Words(), raw)));
  }
  static HWY_INLINE hn::Vec<Halves> narrow_in_order(hn::Vec<Floats> wide) {
    return demote(hn::ShiftRight<16>(round(wide)));
  }

 private:
  static HWY_INLINE hn::Vec<Words> round(hn::Vec<Floats> value) {
    const Words words;
    const auto bits = hn::BitCast(words, value);
    const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(words, 1));
    return hn::Add(hn::Add(bits, hn::Set(words, 0x7FFF)), odd);
  }
};

#if HWY_TARGET <= HWY_AVX2 || HWY_TARGET == HWY_NEON
// Lower half first, upper half second, converted by the processor.
template <>
struct Lanes<F16> {
  using D = Shorts;
  using Wide = FloatPair;
  static HWY_INLINE Wide widen(hn::Vec<D> raw) {
    const hn::Rebind<hwy::float16_t, Floats> halves;
    const hn::Half<D> half;
    return {hn::PromoteTo(Floats(), hn::BitCast(halves, hn::LowerHalf(half, raw))),
            hn::PromoteTo(Floats(), hn::BitCast(halves, hn::UpperHalf(half, raw)))};
  }
  static HWY_INLINE hn::Vec<D> narrow(Wide wide) {
    const hn::Rebind<hwy::float16_t, Floats> halves;
    const hn::Half<D> half;
    return hn::Combine(D(), hn::BitCast(half, hn::DemoteTo(halves, wide.second)),
                       hn::BitCast(half, hn::DemoteTo(halves, wide.first)));
  }

  static HWY_INLINE hn::Vec<Floats> widen_in_order(hn::Vec<Halves> raw) {
    return hn::PromoteTo(Floats(), hn::BitCast(hn::Rebind<hwy::float16_t, Floats>(), raw));
  }
  static HWY_INLINE hn::Vec<Halves> narrow_in_order(hn::Vec<Floats> wide) {
    return hn::BitCast(Halves(), hn::DemoteTo(hn::Rebind<hwy::float16_t, Floats>(), wide));
  }
};
#else
// Highway's own conversions neither round nor know NaN where the processor has none. Even lanes
// first, odd lanes second.
template <>
struct Lanes<F16> {
  using D = Shorts;
  using Wide = FloatPair;
  static HWY_INLINE Wide widen(hn::Vec<D> raw) {
    const Words words;
    const auto both = hn::BitCast(words, raw);
    return {widen_low(hn::And(both, hn::Set(words, 0xFFFF))), widen_low(hn::ShiftRight<16>(both))};
  }
  static HWY_INLINE hn::Vec<D> narrow(Wide wide) {
    return hn::BitCast(D(),
                       hn::Or(hn::ShiftLeft<16>(narrow_low(wide.second)), narrow_low(wide.first)));
  }

  static HWY_INLINE hn::Vec<Floats> widen_in_order(hn::Vec<Halves> raw) {
    return widen_low(hn::PromoteTo(Words(), raw));
  }
  static HWY_INLINE hn::Vec<Halves> narrow_in_order(hn::Vec<Floats> wide) {
    return demote(narrow_low(wide));
  }

  // The same for one half in the lower bits of each word.
  static HWY_INLINE hn::Vec<Floats> widen_low(hn::Vec<Words> half) {
    const Words words;
    const auto sign = hn::ShiftLeft<16>(hn::And(half, hn::Set(words, 0x8000)));
    const auto magnitude = hn::ShiftLeft<13>(hn::And(half, hn::Set(words, 0x7FFF)));
    const auto rebias = hn::Set(words, kF16Rebias);
    const auto normal = hn::Add(magnitude, rebias);
    const auto special = hn::Add(normal, rebias);
    const auto subnormal =
        hn::BitCast(words, hn::Sub(float_of(hn::Add(normal, hn::Set(words, 1u << 23))),
                                   float_of(hn::Set(words, kF16SmallestNormal))));
    auto bits =
        hn::IfThenElse(hn::Gt(magnitude, hn::Set(words, (0x7C00u << 13) - 1)), special, normal);
    bits = hn::IfThenElse(hn::Lt(magnitude, hn::Set(words, 0x0400u << 13)), subnormal, bits);
    return float_of(hn::Or(bits, sign));
  }
  static HWY_INLINE hn::Vec<Words> narrow_low(hn::Vec<Floats> value) {
    const Words words;
    const auto all = hn::BitCast(words, value);
    const auto magnitude = hn::And(all, hn::Set(words, 0x7FFFFFFF));
    const auto special = hn::IfThenElse(hn::Gt(magnitude, hn::Set(words, 0x7F800000)),
                                        hn::Set(words, 0x7E00), hn::Set(words, 0x7C00));
    const auto align = hn::Set(words, kF16SubnormalAlign);
    const auto subnormal =
        hn::Sub(hn::BitCast(words, hn::Add(float_of(magnitude), float_of(align))), align);
    const auto odd = hn::And(hn::ShiftRight<13>(magnitude), hn::Set(words, 1));
    const auto normal =
        hn::ShiftRight<13>(hn::Add(hn::Sub(magnitude, hn::Set(words, kF16Rebias - 0xFFF)), odd));
    auto bits =
        hn::IfThenElse(hn::Lt(magnitude, hn::Set(words, kF16SmallestNormal)), subnormal, normal);
    bits = hn::IfThenElse(hn::Gt(magnitude, hn::Set(words, kF16Overflow - 1)), special, bits);
    return hn::Or(bits, hn::And(hn::ShiftRight<16>(all), hn::Set(words, 0x8000)));
  }

 private:
  static HWY_INLINE hn::Vec<Floats> float_of(hn::Vec<Words> bits) {
    return hn::BitCast(Floats(), bits);
  }
};
#endif

template <class V>
HWY_INLINE V canonical_lanes(V value) {
  const hn::DFromV<V> d;
  using T = hn::TFromD<decltype(d)>;
  if constexpr (std::is_floating_point_v<T>) {
    return hn::IfThenElse(hn::IsNaN(value), hn::Set(d, std::numeric_limits<T>::quiet_NaN()), value);
  } else {
    return value;
  }
}
HWY_INLINE FloatPair canonical_lanes(FloatPair value) {
  return {canonical_lanes(value.first), canonical_lanes(value.second)};
}

template <class V, class Divisor>
HWY_INLINE V divide_lanes(V value, Divisor divisor) {
  const hn::DFromV<V> d;
  using T = hn::TFromD<decltype(d)>;
  if constexpr (std::is_floating_point_v<T>) {
    return hn::Div(value, hn::Set(d, static_cast<T>(divisor)));
  } else {
    alignas(HWY_MAX_BYTES) T lanes[hn::MaxLanes(d)];
    hn::Store(value, d, lanes);
    for (T& lane : lanes) lane = divide(lane, divisor);
    return hn::Load(d, lanes);
  }
}
template <class Divisor>
HWY_INLINE FloatPair divide_lanes(FloatPair value, Divisor divisor) {
  return {divide_lanes(value.first, divisor), divide_lanes(value.second, divisor)};
}

HWY_INLINE FloatPair scale_lanes(FloatPair value, float factor) {
  const auto factors = hn::Set(Floats(), factor);
  return {hn::Mul(value.first, factors), hn::Mul(value.second, factors)};
}

template <class V>
HWY_INLINE V apply_lanes(Sum, V a, V b) {
  return hn::Add(a, b);
}

template <class V>
HWY_INLINE V apply_lanes(Prod, V a, V b) {
  if constexpr (sizeof(hn::TFromV<V>) == 1) {
    const Shorts shorts;
    const auto wide_a = hn::BitCast(shorts, a);
    const auto wide_b = hn::BitCast(shorts, b);
    const auto even = hn::And(hn::Mul(wide_a, wide_b), hn::Set(shorts, 0x00FF));
    const auto odd = hn::Mul(hn::ShiftRight<8>(wide_a), hn::ShiftRight<8>(wide_b));
    return hn::BitCast(hn::DFromV<V>(), hn::Or(hn::ShiftLeft<8>(odd), even));
  } else {
    return hn::Mul(a, b);
  }
}

// NaN where either operand is NaN, otherwise `result`.
template <class V>
HWY_INLINE V unless_nan(V a, V b, V result) {
  const hn::DFromV<V> d;
  return hn::IfThenElse(hn::Or(hn::IsNaN(a), hn::IsNaN(b)),
                        hn::Set(d, std::numeric_limits<hn::TFromV<V>>::quiet_NaN()), result);
}

// Both orders agree unless the operands are zeros of different sign (or NaN, settled last): then
// the sign bit decides.
template <class V>
HWY_INLINE V apply_lanes(Min, V a, V b) {
  if constexpr (hwy::IsFloat<hn::TFromV<V>>()) {
    return unless_nan(a, b, hn::Or(hn::Min(a, b), hn::Min(b, a)));
  } else {
    return hn::Min(a, b);
  }
}
template <class V>
HWY_INLINE V apply_lanes(Max, V a, V b) {
  if constexpr (hwy::IsFloat<hn::TFromV<V>>()) {
    return unless_nan(a, b, hn::And(hn::Max(a, b), hn::Max(b, a)));
  } else {
    return hn::Max(a, b);
  }
}

template <class Op, class Wide>
HWY_INLINE Wide combine(Op op, Wide a, Wide b) {
  return apply_lanes(op, a, b);
}
template <class Op>
HWY_INLINE FloatPair combine(Op op, FloatPair a, FloatPair b) {
  return {apply_lanes(op, a.first, b.first), apply_lanes(op, a.second, b.second)};
}
#endif  // HWY_TARGET != HWY_SCALAR
}  // namespace weft::reduce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per target
