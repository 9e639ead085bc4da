// Two passes over each row, compiled once per instruction set: the sums with their squares, then,
// from the first-level cache, the scaling.
//
// Squares are added up in kSums partial sums, element i in number i % kSums, and those pairwise:
// the same order whatever a register holds. A product of two f32 is exact in f64, so that it does
// not matter either whether the compiler contracts it with the addition.
#if defined(WEFT_REDUCE_RMS_NORM_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef WEFT_REDUCE_RMS_NORM_INL_H
#undef WEFT_REDUCE_RMS_NORM_INL_H
#else
#define WEFT_REDUCE_RMS_NORM_INL_H
#endif

#include "reduce/lanes-inl.h"

#include <cmath>

#include "reduce/rms_norm.h"

HWY_BEFORE_NAMESPACE();
namespace weft::reduce::HWY_NAMESPACE {

inline constexpr std::size_t kSums = 32;

template <class T>
HWY_INLINE float load_element(const void* base, std::size_t i) {
  typename Element<T>::Raw raw;
  std::memcpy(&raw, static_cast<const std::byte*>(base) + i * sizeof(raw), sizeof(raw));
  return Element<T>::widen(raw);
}

template <class T>
HWY_INLINE void store_element(void* const* dsts, int count, std::size_t i, float value) {
  const typename Element<T>::Raw raw = Element<T>::narrow(canonical(value));
  for (int d = 0; d < count; ++d) {
    std::memcpy(static_cast<std::byte*>(dsts[d]) + i * sizeof(raw), &raw, sizeof(raw));
  }
}

// Elements [begin, end) of all rows' memory; `first` is where their row begins.
template <class T>
HWY_INLINE void sum_elements(const RmsNormRows& r, std::size_t first, std::size_t begin,
                             std::size_t end, double* partial) {
  for (std::size_t i = begin; i < end; ++i) {
    float sum = load_element<T>(r.srcs[0], i);
    for (int s = 1; s < r.src_count; ++s) sum += load_element<T>(r.srcs[s], i);
    store_element<T>(r.sums, r.dst_count, i, sum + load_element<T>(r.residual, i));
    const double stored = load_element<T>(r.sums[0], i);
    partial[(i - first) % kSums] += stored * stored;
  }
}

template <class T>
HWY_INLINE void scale_elements(const RmsNormRows& r, std::size_t first, std::size_t begin,
                               std::size_t end, float scale) {
  for (std::size_t i = begin; i < end; ++i) {
    store_element<T>(r.dsts, r.dst_count, i,
                     load_element<T>(r.sums[0], i) * scale * load_element<T>(r.weight, i - first));
  }
}

#if HWY_TARGET != HWY_SCALAR
using Doubles = hn::ScalableTag<double>;
inline constexpr std::size_t kDoubles = hn::MaxLanes(Doubles());
// The partial sums in registers, in the order in which elements are widened.
struct Squares {
  HWY_INLINE Squares() {}  // see FloatPair
  hn::Vec<Doubles> sums[kSums / kDoubles];
};

HWY_INLINE std::size_t add_squares(Squares* squares, std::size_t at, hn::Vec<Floats> values) {
  const hn::Half<Floats> half;
  const auto lower = hn::PromoteTo(Doubles(), hn::LowerHalf(half, values));
  const auto upper = hn::PromoteTo(Doubles(), hn::UpperHalf(half, values));
  squares->sums[at] = hn::Add(squares->sums[at], hn::Mul(lower, lower));
  squares->sums[at + 1] = hn::Add(squares->sums[at + 1], hn::Mul(upper, upper));
  return at + 2;
}
HWY_INLINE std::size_t add_squares(Squares* squares, std::size_t at, FloatPair values) {
  return add_squares(squares, add_squares(squares, at, values.first), values.second);
}

HWY_INLINE hn::Vec<Floats> scaled(hn::Vec<Floats> values, float scale, hn::Vec<Floats> weight) {
  return hn::Mul(hn::Mul(values, hn::Set(Floats(), scale)), weight);
}
HWY_INLINE FloatPair scaled(FloatPair values, float scale, FloatPair weight) {
  return {scaled(values.first, scale, weight.first), scaled(values.second, scale, weight.second)};
}

template <class T>
struct Row {
  using L = Lanes<T>;
  using D = typename L::D;
  using Raw = hn::TFromD<D>;
  static constexpr std::size_t kLanes = hn::MaxLanes(D());
  static constexpr std::size_t kRegisters = kSums / kLanes;

  static HWY_INLINE typename L::Wide load(const void* base, std::size_t i) {
    return L::widen(hn::LoadU(D(), static_cast<const Raw*>(base) + i));
  }
  // The element whose square is in each place of Squares, as it lies in memory.
  struct Order {
    double elements[kSums];
    Order() { order(elements); }
  };
  static void order(double* elements) {
    alignas(HWY_MAX_BYTES) Raw counted[kSums];
    for (std::size_t i = 0; i < kSums; ++i) {
      counted[i] = Element<T>::narrow(static_cast<float>(i));
    }
    Squares squares = zero();
    std::size_t at = 0;
    for (std::size_t k = 0; k < kRegisters; ++k) {
      at = add_squares(&squares, at, load(counted, k * kLanes));
    }
    store(squares, elements);
    for (std::size_t i = 0; i < kSums; ++i) elements[i] = std::sqrt(elements[i]);
  }
  static HWY_INLINE Squares zero() {
    Squares squares;
    for (auto& sum : squares.sums) sum = hn::Zero(Doubles());
    return squares;
  }
  static HWY_INLINE void store(const Squares& squares, double* to) {
    for (std::size_t i = 0; i < kSums / kDoubles; ++i) {
      hn::StoreU(squares.sums[i], Doubles(), to + i * kDoubles);
    }
  }
};

// kSrcs and kDsts of 0 mean that the arguments say how many.
template <class T, int kSrcs, int kDsts>
HWY_INLINE std::size_t sum_steps(const RmsNormRows& r, std::size_t at, std::size_t end,
                                 Squares* squares) {
  using R = Row<T>;
  const int src_count = kSrcs != 0 ? kSrcs : r.src_count;
  const int dst_count = kDsts != 0 ? kDsts : r.dst_count;
  Squares sums = *squares;
  for (; at + kSums <= end; at += kSums) {
    std::size_t place = 0;
    for (std::size_t k = 0; k < R::kRegisters; ++k) {
      const std::size_t i = at + k * R::kLanes;
      auto wide = R::load(r.srcs[0], i);
      for (int s = 1; s < src_count; ++s) wide = combine(Sum(), wide, R::load(r.srcs[s], i));
      wide = combine(Sum(), wide, R::load(r.residual, i));
      const auto raw = Lanes<T>::narrow(canonical_lanes(wide));
      for (int d = 0; d < dst_count; ++d) {
        hn::StoreU(raw, typename R::D(), static_cast<typename R::Raw*>(r.sums[d]) + i);
      }
      place = add_squares(&sums, place, Lanes<T>::widen(raw));
    }
  }
  *squares = sums;
  return at;
}

template <class T, int kDsts>
HWY_INLINE std::size_t scale_steps(const RmsNormRows& r, std::size_t first, std::size_t at,
                                   std::size_t end, float scale) {
  using R = Row<T>;
  const int dst_count = kDsts != 0 ? kDsts : r.dst_count;
  for (; at + R::kLanes <= end; at += R::kLanes) {
    const auto wide = scaled(R::load(r.sums[0], at), scale, R::load(r.weight, at - first));
    const auto raw = Lanes<T>::narrow(canonical_lanes(wide));
    for (int d = 0; d < dst_count; ++d) {
      hn::StoreU(raw, typename R::D(), static_cast<typename R::Raw*>(r.dsts[d]) + at);
    }
  }
  return at;
}

#endif  // HWY_TARGET != HWY_SCALAR

HWY_INLINE float scale_of(double* partial, const RmsNormRows& r) {
  for (std::size_t width = kSums / 2; width > 0; width /= 2) {
    for (std::size_t i = 0; i < width; ++i) partial[i] += partial[i + width];
  }
  const double mean = partial[0] / static_cast<double>(r.hidden);
  return static_cast<float>(1.0 / std::sqrt(mean + static_cast<double>(r.epsilon)));
}

#if HWY_TARGET != HWY_SCALAR
template <class T, int kSrcs, int kDsts>
HWY_INLINE void norm_row(const RmsNormRows& r, std::size_t first, const double* order) {
  const std::size_t end = first + r.hidden;
  Squares squares = Row<T>::zero();
  std::size_t at = sum_steps<T, kSrcs, kDsts>(r, first, end, &squares);
  double stored[kSums];
  double partial[kSums];
  Row<T>::store(squares, stored);
  for (std::size_t i = 0; i < kSums; ++i) partial[static_cast<std::size_t>(order[i])] = stored[i];
  sum_elements<T>(r, first, at, end, partial);
  const float scale = scale_of(partial, r);
  at = scale_steps<T, kDsts>(r, first, first, end, scale);
  scale_elements<T>(r, first, at, end, scale);
}

template <class T, int kSrcs, int kDsts>
HWY_NOINLINE void norm_rows(const RmsNormRows& arguments) {
  // A copy on the stack, which no store through a destination can change.
  const RmsNormRows r = arguments;
  static const typename Row<T>::Order order;
  for (std::size_t row = 0; row < r.rows; ++row) {
    norm_row<T, kSrcs, kDsts>(r, row * r.hidden, order.elements);
  }
}
#endif  // HWY_TARGET != HWY_SCALAR

template <class T>
void rms_norm(const RmsNormRows& r) {
#if HWY_TARGET == HWY_SCALAR
  for (std::size_t first = 0; first < r.rows * r.hidden; first += r.hidden) {
    double partial[kSums] = {};
    sum_elements<T>(r, first, first, first + r.hidden, partial);
    scale_elements<T>(r, first, first, first + r.hidden, scale_of(partial, r));
  }
#else
  if (r.src_count == 2 && r.dst_count == 2) return norm_rows<T, 2, 2>(r);
  if (r.src_count == 2 && r.dst_count == 1) return norm_rows<T, 2, 1>(r);
  if (r.src_count == 1 && r.dst_count == 1) return norm_rows<T, 1, 1>(r);
  norm_rows<T, 0, 0>(r);
#endif
}

}  // namespace weft::reduce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per target
