// The loops over memory, compiled once per instruction set: kernel_of<T>(op) is a Kernel for
// elements of type T.
#if defined(WEFT_REDUCE_KERNEL_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef WEFT_REDUCE_KERNEL_INL_H
#undef WEFT_REDUCE_KERNEL_INL_H
#else
#define WEFT_REDUCE_KERNEL_INL_H
#endif

#include <hwy/cache_control.h>
#include "reduce/lanes-inl.h"

#include "reduce/reduce.h"

HWY_BEFORE_NAMESPACE();
namespace weft::reduce::HWY_NAMESPACE {
#if HWY_TARGET != HWY_SCALAR

// Registers per step. Cached: enough independent work to hide latency, few enough to stay in
// registers (one of 16-bit lanes widens to two). Streaming waits for memory alone, and the
// processor reads ahead best when it sees every source in turn: more registers measured slower, and
// so did prefetching.
template <class T, bool kStream>
inline constexpr int kUnroll =
    kStream ? 1 : (sizeof(typename Element<T>::Raw) < sizeof(typename Element<T>::Wide) ? 2 : 4);
// Up to this many elements, plain code beats the start-up of vectors.
inline constexpr std::size_t kPlainCount = 4;
// From this many registers on, aligning the first destination pays.
inline constexpr std::size_t kAlignRegisters = 16;

// A Kernel's arguments that every step needs.
struct Operands {
  void* const* dsts;
  const void* const* srcs;
  int dst_count;
  int src_count;
  int divisor;

  const std::byte* src(int s) const { return static_cast<const std::byte*>(srcs[s]); }
  std::byte* dst(int d) const { return static_cast<std::byte*>(dsts[d]); }
};

template <class T>
struct Memory {
  using D = typename Lanes<T>::D;
  using Raw = hn::TFromD<D>;
  using V = hn::Vec<D>;
  static constexpr std::size_t kRegister = hn::MaxLanes(D()) * sizeof(Raw);
  // Whether loads and stores under a mask exist and leave the other lanes' memory alone. Lower
  // numbers are better targets.
  static constexpr bool kMasked =
      HWY_TARGET <= HWY_AVX3 || (HWY_TARGET == HWY_AVX2 && sizeof(Raw) >= 4);

  static HWY_INLINE V load(const std::byte* from) {
    return hn::LoadU(D(), reinterpret_cast<const Raw*>(from));
  }
  // The first `bytes` of a register; the other lanes hold anything.
  static HWY_INLINE V load_part(const std::byte* from, std::size_t bytes) {
    if constexpr (kMasked) {
      return hn::MaskedLoad(hn::FirstN(D(), bytes / sizeof(Raw)), D(),
                            reinterpret_cast<const Raw*>(from));
    } else {
      if (bytes == kRegister) return load(from);
      alignas(HWY_MAX_BYTES) Raw lanes[kRegister / sizeof(Raw)] = {};
      std::memcpy(lanes, from, bytes);
      return hn::Load(D(), lanes);
    }
  }
  template <bool kStream>
  static HWY_INLINE void store(V value, std::byte* to) {
    if constexpr (kStream) {
      hn::Stream(value, D(), reinterpret_cast<Raw*>(to));
    } else {
      hn::StoreU(value, D(), reinterpret_cast<Raw*>(to));
    }
  }
  static HWY_INLINE void store_part(V value, std::byte* to, std::size_t bytes) {
    if constexpr (kMasked) {
      hn::BlendedStore(value, hn::FirstN(D(), bytes / sizeof(Raw)), D(),
                       reinterpret_cast<Raw*>(to));
    } else {
      if (bytes == kRegister) return store<false>(value, to);
      alignas(HWY_MAX_BYTES) Raw lanes[kRegister / sizeof(Raw)];
      hn::Store(value, D(), lanes);
      std::memcpy(to, lanes, bytes);
    }
  }
};

template <class T, class Op>
HWY_INLINE typename Lanes<T>::Wide widen(hn::Vec<typename Lanes<T>::D> raw) {
  if constexpr (kSumScale<T, Op> == 1) {
    return Lanes<T>::widen(raw);
  } else {
    return scale_lanes(Lanes<T>::widen(raw), kSumScale<T, Op>);
  }
}

template <class T, class Op>
HWY_INLINE hn::Vec<typename Lanes<T>::D> finish(typename Lanes<T>::Wide wide, int divisor) {
  if constexpr (kSumScale<T, Op> != 1) {
    wide = HWY_UNLIKELY(divisor != 1)
               ? divide_lanes(wide, static_cast<float>(divisor) * kSumScale<T, Op>)
               : scale_lanes(wide, 1 / kSumScale<T, Op>);
  } else if constexpr (Op::kDivides) {
    if (HWY_UNLIKELY(divisor != 1)) wide = divide_lanes(wide, divisor);
  }
  return Lanes<T>::narrow(canonical_lanes(wide));
}

// At most one register of elements from byte `at` on: heads, tails and whatever a full step does
// not cover.
template <class T, class Op>
HWY_INLINE void reduce_part(const Operands& operands, std::size_t at, std::size_t bytes) {
  using M = Memory<T>;
  auto wide = widen<T, Op>(M::load_part(operands.src(0) + at, bytes));
  for (int s = 1; s < operands.src_count; ++s) {
    wide = combine(Op(), wide, widen<T, Op>(M::load_part(operands.src(s) + at, bytes)));
  }
  const auto result = finish<T, Op>(wide, operands.divisor);
  for (int d = 0; d < operands.dst_count; ++d) M::store_part(result, operands.dst(d) + at, bytes);
}

// Full steps of kUnroll registers within bytes [at, end); returns where it stopped. kSrcs and kDsts
// of 0 mean that the operands say how many.
template <class T, class Op, int kSrcs, int kDsts, bool kStream>
HWY_NOINLINE std::size_t reduce_steps(const Operands& operands, std::size_t at, std::size_t end) {
  using L = Lanes<T>;
  using M = Memory<T>;
  constexpr int kRegisters = kUnroll<T, kStream>;
  constexpr std::size_t kStep = kRegisters * M::kRegister;
  const int src_count = kSrcs != 0 ? kSrcs : operands.src_count;
  const int dst_count = kDsts != 0 ? kDsts : operands.dst_count;
  const int divisor = operands.divisor;
  // Known counts are copied into registers, which no store through a destination can change.
  const void* src_copies[kSrcs != 0 ? kSrcs : 1];
  void* dst_copies[kDsts != 0 ? kDsts : 1];
  for (int s = 0; s < kSrcs; ++s) src_copies[s] = operands.srcs[s];
  for (int d = 0; d < kDsts; ++d) dst_copies[d] = operands.dsts[d];
  const void* const* const srcs = kSrcs != 0 ? src_copies : operands.srcs;
  void* const* const dsts = kDsts != 0 ? dst_copies : operands.dsts;
  for (; at + kStep <= end; at += kStep) {
    typename L::Wide wide[kRegisters];
    const auto* const first = static_cast<const std::byte*>(srcs[0]) + at;
    for (int k = 0; k < kRegisters; ++k) {
      wide[k] = widen<T, Op>(M::load(first + k * M::kRegister));
    }
    for (int s = 1; s < src_count; ++s) {
      const auto* const next = static_cast<const std::byte*>(srcs[s]) + at;
      for (int k = 0; k < kRegisters; ++k) {
        wide[k] = combine(Op(), wide[k], widen<T, Op>(M::load(next + k * M::kRegister)));
      }
    }
    hn::Vec<typename L::D> result[kRegisters];
    for (int k = 0; k < kRegisters; ++k) result[k] = finish<T, Op>(wide[k], divisor);
    for (int d = 0; d < dst_count; ++d) {
      auto* const to = static_cast<std::byte*>(dsts[d]) + at;
      for (int k = 0; k < kRegisters; ++k) {
        M::template store<kStream>(result[k], to + k * M::kRegister);
      }
    }
  }
  return at;
}

template <class T, class Op, bool kStream>
HWY_INLINE std::size_t choose_steps(const Operands& operands, std::size_t at, std::size_t end) {
  if (operands.src_count == 2 && operands.dst_count == 1) {
    return reduce_steps<T, Op, 2, 1, kStream>(operands, at, end);
  }
  if (operands.src_count == 2 && operands.dst_count == 2) {
    return reduce_steps<T, Op, 2, 2, kStream>(operands, at, end);
  }
  return reduce_steps<T, Op, 0, 0, kStream>(operands, at, end);
}

template <class T>
bool all_aligned(const Operands& operands, std::size_t at) {
  std::uintptr_t bits = 0;
  for (int d = 0; d < operands.dst_count; ++d) {
    bits |= reinterpret_cast<std::uintptr_t>(operands.dst(d) + at);
  }
  return bits % Memory<T>::kRegister == 0;
}

// The full steps of a long range of `end` bytes, from the first destination's next register
// boundary on where its elements allow that; returns where it stopped.
template <class T, class Op>
HWY_NOINLINE std::size_t reduce_long(const Operands& operands, std::size_t end, Store store) {
  using M = Memory<T>;
  std::size_t at = 0;
  if (end >= kAlignRegisters * M::kRegister) {
    const std::size_t head = -reinterpret_cast<std::uintptr_t>(operands.dst(0)) % M::kRegister;
    if (head != 0 && head % sizeof(typename M::Raw) == 0) {
      reduce_part<T, Op>(operands, 0, head);
      at = head;
    }
    if (store == Store::streaming && all_aligned<T>(operands, at)) {
      at = choose_steps<T, Op, true>(operands, at, end);
      hwy::FlushStream();
      return at;
    }
  }
  return choose_steps<T, Op, false>(operands, at, end);
}

template <class T, class Op>
HWY_NOINLINE void reduce_vectors(void* const* dsts, int dst_count, const void* const* srcs,
                                 int src_count, std::size_t count, int divisor, Store store) {
  using M = Memory<T>;
  const std::size_t end = count * sizeof(typename M::Raw);
  std::size_t at = 0;
  if (end >= kUnroll<T, false> * M::kRegister) {
    at = reduce_long<T, Op>({dsts, srcs, dst_count, src_count, divisor}, end, store);
  }
  // Operands that no call sees stay in registers.
  const Operands operands{dsts, srcs, dst_count, src_count, divisor};
  for (; at < end; at += M::kRegister) {
    reduce_part<T, Op>(operands, at, end - at < M::kRegister ? end - at : M::kRegister);
  }
}
#endif  // HWY_TARGET != HWY_SCALAR

// A Kernel. Both other ways are calls in tail position, so that a tiny count pays for no stack
// frame.
template <class T, class Op>
void reduce_all(void* const* dsts, int dst_count, const void* const* srcs, int src_count,
                std::size_t count, int divisor, Store store) {
  if (src_count == 1 && divisor == 1) {
    return copy(dsts, dst_count, srcs[0], count * sizeof(typename Element<T>::Raw), store);
  }
  if constexpr (kSumScale<T, Op> != 1) {
    if (src_count == 2 && divisor == 1)
      return reduce_all<T, SumOfTwo>(dsts, dst_count, srcs, src_count, count, divisor, store);
  }
#if HWY_TARGET != HWY_SCALAR
  if (count > kPlainCount) {
    return reduce_vectors<T, Op>(dsts, dst_count, srcs, src_count, count, divisor, store);
  }
#endif
  reduce_elements<T, Op>(dsts, dst_count, srcs, src_count, count, divisor);
}

// `avg` has sum's kernel. Products of signed integers are those of the unsigned ones.
template <class T>
Kernel kernel_of(ReduceOp op) {
  switch (op) {
    case ReduceOp::sum:
    case ReduceOp::avg:
      return reduce_all<T, Sum>;
    case ReduceOp::prod:
      if constexpr (std::is_integral_v<T>) {
        return reduce_all<std::make_unsigned_t<T>, Prod>;
      } else {
        return reduce_all<T, Prod>;
      }
    case ReduceOp::min:
      return reduce_all<T, Min>;
    case ReduceOp::max:
      return reduce_all<T, Max>;
  }
  return nullptr;
}

}  // namespace weft::reduce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per target
