// The loops between 16-bit elements and f32 partial sums, compiled once per instruction set:
// partial_kernel_of<T>(op) is a PartialKernel for elements of type T. Elements are widened in the
// order in which they lie, so that partial sums mean the same whatever a register holds.
#if defined(WEFT_REDUCE_PARTIAL_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef WEFT_REDUCE_PARTIAL_INL_H
#undef WEFT_REDUCE_PARTIAL_INL_H
#else
#define WEFT_REDUCE_PARTIAL_INL_H
#endif

#include "reduce/lanes-inl.h"

#include "reduce/reduce.h"

HWY_BEFORE_NAMESPACE();
namespace weft::reduce::HWY_NAMESPACE {

// A PartialKernel's arguments.
struct PartialOperands {
  void* const* dsts;
  const void* const* srcs;
  int dst_count;
  int src_count;
  float divisor;
  Partials partials;

  bool is_partial(int s) const { return s < 32 && (partials.srcs >> s & 1) != 0; }
  const std::byte* src(int s, std::size_t i) const { return address(srcs[s], i, is_partial(s)); }
  std::byte* dst(int d, std::size_t i) const {
    return const_cast<std::byte*>(address(dsts[d], i, partials.dsts));
  }

 private:
  static const std::byte* address(const void* base, std::size_t i, bool partial) {
    return static_cast<const std::byte*>(base) +
           i * (partial ? sizeof(float) : sizeof(std::uint16_t));
  }
};

// Elements [at, count), one at a time.
template <class T, class Op>
void reduce_partial_elements(const PartialOperands& o, std::size_t at, std::size_t count) {
  const auto load = [&](int s, std::size_t i) {
    if (!o.is_partial(s)) return load_wide<T, Op>(o.src(s, i));
    float sum;
    std::memcpy(&sum, o.src(s, i), sizeof(sum));
    return sum;
  };
  for (; at < count; ++at) {
    float wide = load(0, at);
    for (int s = 1; s < o.src_count; ++s) wide = Op::apply(wide, load(s, at));
    const auto raw = Element<T>::narrow(canonical(wide / o.divisor));
    for (int d = 0; d < o.dst_count; ++d) {
      if (o.partials.dsts) {
        std::memcpy(o.dst(d, at), &wide, sizeof(wide));
      } else {
        std::memcpy(o.dst(d, at), &raw, sizeof(raw));
      }
    }
  }
}

#if HWY_TARGET != HWY_SCALAR
inline constexpr std::size_t kFloats = hn::MaxLanes(Floats());

template <class T, class Op>
HWY_INLINE hn::Vec<Floats> load_floats(const PartialOperands& o, int s, std::size_t i) {
  const auto* from = o.src(s, i);
  if (o.is_partial(s)) return hn::LoadU(Floats(), reinterpret_cast<const float*>(from));
  const auto raw = hn::LoadU(Halves(), reinterpret_cast<const std::uint16_t*>(from));
  const auto wide = Lanes<T>::widen_in_order(raw);
  if constexpr (kSumScale<T, Op> == 1) return wide;
  return hn::Mul(wide, hn::Set(Floats(), kSumScale<T, Op>));
}

template <class T>
HWY_INLINE void store_floats(const PartialOperands& o, std::size_t i, hn::Vec<Floats> wide) {
  if (o.partials.dsts) {
    for (int d = 0; d < o.dst_count; ++d)
      hn::StoreU(wide, Floats(), reinterpret_cast<float*>(o.dst(d, i)));
    return;
  }
  const auto result = hn::Div(wide, hn::Set(Floats(), o.divisor));
  const auto raw = Lanes<T>::narrow_in_order(canonical_lanes(result));
  for (int d = 0; d < o.dst_count; ++d)
    hn::StoreU(raw, Halves(), reinterpret_cast<std::uint16_t*>(o.dst(d, i)));
}

// Steps of kRegisters registers from element `at` on; returns where it stopped.
template <class T, class Op, std::size_t kRegisters>
HWY_NOINLINE std::size_t reduce_partial_steps(const PartialOperands& o, std::size_t at,
                                              std::size_t count) {
  for (; at + kRegisters * kFloats <= count; at += kRegisters * kFloats) {
    hn::Vec<Floats> wide[kRegisters];
    for (std::size_t k = 0; k < kRegisters; ++k)
      wide[k] = load_floats<T, Op>(o, 0, at + k * kFloats);
    for (int s = 1; s < o.src_count; ++s) {
      for (std::size_t k = 0; k < kRegisters; ++k)
        wide[k] = apply_lanes(Op(), wide[k], load_floats<T, Op>(o, s, at + k * kFloats));
    }
    for (std::size_t k = 0; k < kRegisters; ++k) store_floats<T>(o, at + k * kFloats, wide[k]);
  }
  return at;
}
#endif  // HWY_TARGET != HWY_SCALAR

template <class T, class Op>
void reduce_partials(void* const* dsts, int dst_count, const void* const* srcs, int src_count,
                     std::size_t count, int divisor, Partials partials) {
  // Partial sums stay as they are: only what becomes elements is divided.
  const PartialOperands operands{
      dsts, srcs, dst_count, src_count, static_cast<float>(divisor) * kSumScale<T, Op>, partials};
  std::size_t at = 0;
#if HWY_TARGET != HWY_SCALAR
  at = reduce_partial_steps<T, Op, 4>(operands, at, count);
  at = reduce_partial_steps<T, Op, 1>(operands, at, count);
#endif
  reduce_partial_elements<T, Op>(operands, at, count);
}

template <class T>
PartialKernel partial_kernel_of(ReduceOp op) {
  return op == ReduceOp::prod ? reduce_partials<T, Prod> : reduce_partials<T, Sum>;
}

}  // namespace weft::reduce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per target
