// The kernels of weighted_sum.h. The build forbids the compiler to contract a product and a sum
// into one operation here: not every instruction set has it, and results are to be the same on all.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "reduce/weighted_sum.cc"
#include "reduce/targets.h"

#include <hwy/foreach_target.h>

#include "reduce/lanes-inl.h"
#include "reduce/weighted_sum.h"

HWY_BEFORE_NAMESPACE();
namespace weft::reduce::HWY_NAMESPACE {

// Elements [begin, end), one at a time.
template <class T>
void weigh_elements(void* dst, const void* const* rows, const float* weights, int count,
                    std::size_t begin, std::size_t end) {
  using Raw = typename Element<T>::Raw;
  for (std::size_t i = begin; i < end; ++i) {
    float sum = 0;
    for (int r = 0; r < count; ++r) {
      Raw raw;
      std::memcpy(&raw, static_cast<const std::byte*>(rows[r]) + i * sizeof(Raw), sizeof(Raw));
      const float product = weights[r] * Element<T>::widen(raw);
      sum = r == 0 ? product : sum + product;
    }
    const Raw raw = Element<T>::narrow(canonical(sum));
    std::memcpy(static_cast<std::byte*>(dst) + i * sizeof(Raw), &raw, sizeof(Raw));
  }
}

#if HWY_TARGET == HWY_SCALAR
template <class T>
std::size_t weigh_registers(void*, const void* const*, const float*, int, std::size_t) {
  return 0;
}
#else
HWY_INLINE hn::Vec<Floats> times(float weight, hn::Vec<Floats> values) {
  return hn::Mul(hn::Set(Floats(), weight), values);
}
HWY_INLINE FloatPair times(float weight, FloatPair values) {
  return {times(weight, values.first), times(weight, values.second)};
}

// Whole registers, kUnroll at a time; returns how many elements those are.
template <class T>
std::size_t weigh_registers(void* dst, const void* const* rows, const float* weights, int count,
                            std::size_t elements) {
  using L = Lanes<T>;
  using D = typename L::D;
  using Raw = hn::TFromD<D>;
  constexpr std::size_t kRegister = hn::MaxLanes(D());
  constexpr std::size_t kUnroll = 4;
  std::size_t at = 0;
  for (; at + kUnroll * kRegister <= elements; at += kUnroll * kRegister) {
    const auto product = [&](int row, std::size_t u) HWY_ATTR {
      const auto* from = static_cast<const Raw*>(rows[row]) + at + u * kRegister;
      return times(weights[row], L::widen(hn::LoadU(D(), from)));
    };
    typename L::Wide sums[kUnroll];
    for (std::size_t u = 0; u < kUnroll; ++u) sums[u] = product(0, u);
    for (int row = 1; row < count; ++row) {
      for (std::size_t u = 0; u < kUnroll; ++u) sums[u] = combine(Sum(), sums[u], product(row, u));
    }
    auto* to = static_cast<Raw*>(dst) + at;
    for (std::size_t u = 0; u < kUnroll; ++u)
      hn::StoreU(L::narrow(canonical_lanes(sums[u])), D(), to + u * kRegister);
  }
  return at;
}
#endif

template <class T>
void weigh(void* dst, const void* const* rows, const float* weights, int count,
           std::size_t elements) {
  if (count == 0) {
    std::memset(dst, 0, elements * sizeof(typename Element<T>::Raw));
    return;
  }
  const std::size_t done = weigh_registers<T>(dst, rows, weights, count, elements);
  weigh_elements<T>(dst, rows, weights, count, done, elements);
}

WeightedSum choose_weighted_sum(DataType type) {
  return pick_float(type, []<class T>(T) -> WeightedSum { return weigh<T>; });
}
}  // namespace weft::reduce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace weft::reduce {
HWY_EXPORT(choose_weighted_sum);
WeightedSum weighted_sum(DataType type) { return HWY_DYNAMIC_DISPATCH(choose_weighted_sum)(type); }
}  // namespace weft::reduce
#endif
