// Encoding and decoding block by block, compiled once per instruction set. A block's 128 floats lie
// in the first-level cache between the steps.
#if defined(WEFT_REDUCE_QUANTIZE_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef WEFT_REDUCE_QUANTIZE_INL_H
#undef WEFT_REDUCE_QUANTIZE_INL_H
#else
#define WEFT_REDUCE_QUANTIZE_INL_H
#endif

#include "reduce/lanes-inl.h"

#include <algorithm>

#include "reduce/code.h"
#include "reduce/quantize.h"

HWY_BEFORE_NAMESPACE();
namespace weft::reduce::HWY_NAMESPACE {

struct Block {
  alignas(64) float values[kBlockElements];
};

// Elements [from, count) one by one.
template <class T>
HWY_INLINE void load_rest(const void* src, std::size_t from, std::size_t count, Block* block) {
  using Raw = typename Element<T>::Raw;
  for (std::size_t i = from; i < count; ++i) {
    Raw raw;
    std::memcpy(&raw, static_cast<const std::byte*>(src) + i * sizeof(Raw), sizeof(Raw));
    block->values[i] = Element<T>::widen(raw);
  }
}

template <class T>
HWY_INLINE void store_rest(const Block& block, std::size_t from, std::size_t count, void* dst) {
  using Raw = typename Element<T>::Raw;
  for (std::size_t i = from; i < count; ++i) {
    const Raw raw = Element<T>::narrow(canonical(block.values[i]));
    std::memcpy(static_cast<std::byte*>(dst) + i * sizeof(Raw), &raw, sizeof(Raw));
  }
}

#if HWY_TARGET == HWY_SCALAR
template <class T>
HWY_INLINE void load_block(const void* src, std::size_t count, Block* block) {
  load_rest<T>(src, 0, count, block);
  std::fill(block->values + count, block->values + kBlockElements, 0.0f);
}
template <class T>
HWY_INLINE void store_block(const Block& block, std::size_t count, void* dst) {
  store_rest<T>(block, 0, count, dst);
}
HWY_INLINE std::uint32_t largest_bits(const Block& block) {
  std::uint32_t largest = 0;
  for (const float value : block.values) {
    largest = std::max(largest, std::bit_cast<std::uint32_t>(value) & 0x7FFFFFFFu);
  }
  return largest;
}
template <class Code>
HWY_INLINE void encode_block(const Block& block, float inverse, std::uint8_t* codes) {
  for (std::size_t i = 0; i < kBlockElements; ++i) {
    codes[i] = inverse == 0 ? 0 : Code::encode(block.values[i] * inverse);
  }
}
template <class Code>
HWY_INLINE void decode_block(const std::uint8_t* codes, float scale, bool first, Block* block) {
  for (std::size_t i = 0; i < kBlockElements; ++i) {
    const float value = Code::decode(codes[i]) * scale;
    block->values[i] = first ? value : block->values[i] + value;
  }
}
#else
inline constexpr std::size_t kFloats = hn::MaxLanes(Floats());
using Integers = hn::RebindToSigned<Floats>;
using Bytes8 = hn::Rebind<std::uint8_t, Floats>;
using SignedBytes8 = hn::Rebind<std::int8_t, Floats>;

// Elements in the order of memory, one to a lane of f32.
template <class T>
struct InOrder;
template <>
struct InOrder<float> {
  static HWY_INLINE hn::Vec<Floats> load(const float* from) { return hn::LoadU(Floats(), from); }
  static HWY_INLINE void store(hn::Vec<Floats> value, float* to) {
    hn::StoreU(value, Floats(), to);
  }
};
// 16-bit lanes, as words.
using Shorts16 = hn::Rebind<std::uint16_t, Floats>;
HWY_INLINE hn::Vec<Words> load_shorts(const std::uint16_t* from) {
  return hn::PromoteTo(Words(), hn::LoadU(Shorts16(), from));
}
HWY_INLINE void store_shorts(hn::Vec<Words> words, std::uint16_t* to) {
  hn::StoreU(hn::DemoteTo(Shorts16(), hn::BitCast(Integers(), words)), Shorts16(), to);
}
template <>
struct InOrder<Bf16> {
  static HWY_INLINE hn::Vec<Floats> load(const std::uint16_t* from) {
    return hn::BitCast(Floats(), hn::ShiftLeft<16>(load_shorts(from)));
  }
  static HWY_INLINE void store(hn::Vec<Floats> value, std::uint16_t* to) {
    const Words words;
    const auto bits = hn::BitCast(words, value);
    const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(words, 1));
    store_shorts(hn::ShiftRight<16>(hn::Add(hn::Add(bits, hn::Set(words, 0x7FFF)), odd)), to);
  }
};
template <>
struct InOrder<F16> {
#if HWY_TARGET <= HWY_AVX2 || HWY_TARGET == HWY_NEON
  using Halves = hn::Rebind<hwy::float16_t, Floats>;
  static HWY_INLINE hn::Vec<Floats> load(const std::uint16_t* from) {
    return hn::PromoteTo(Floats(), hn::BitCast(Halves(), hn::LoadU(Shorts16(), from)));
  }
  static HWY_INLINE void store(hn::Vec<Floats> value, std::uint16_t* to) {
    hn::StoreU(hn::BitCast(Shorts16(), hn::DemoteTo(Halves(), value)), Shorts16(), to);
  }
#else
  static HWY_INLINE hn::Vec<Floats> load(const std::uint16_t* from) {
    return Lanes<F16>::widen_low(load_shorts(from));
  }
  static HWY_INLINE void store(hn::Vec<Floats> value, std::uint16_t* to) {
    store_shorts(Lanes<F16>::narrow_low(value), to);
  }
#endif
};

template <class T>
HWY_INLINE void load_block(const void* src, std::size_t count, Block* block) {
  const auto* const from = static_cast<const typename Element<T>::Raw*>(src);
  std::size_t i = 0;
  for (; i + kFloats <= count; i += kFloats) {
    hn::Store(InOrder<T>::load(from + i), Floats(), block->values + i);
  }
  if (count == kBlockElements) return;
  load_rest<T>(src, i, count, block);
  std::fill(block->values + count, block->values + kBlockElements, 0.0f);
}

template <class T>
HWY_INLINE void store_block(const Block& block, std::size_t count, void* dst) {
  auto* const to = static_cast<typename Element<T>::Raw*>(dst);
  std::size_t i = 0;
  for (; i + kFloats <= count; i += kFloats) {
    InOrder<T>::store(canonical_lanes(hn::Load(Floats(), block.values + i)), to + i);
  }
  store_rest<T>(block, i, count, dst);
}

// Magnitudes are ordered as their bits are, NaN above infinity.
HWY_INLINE std::uint32_t largest_bits(const Block& block) {
  const Integers integers;
  const auto mask = hn::Set(integers, 0x7FFFFFFF);
  auto largest = hn::Zero(integers);
  for (std::size_t i = 0; i < kBlockElements; i += kFloats) {
    const auto bits = hn::BitCast(integers, hn::Load(Floats(), block.values + i));
    largest = hn::Max(largest, hn::And(bits, mask));
  }
  alignas(HWY_MAX_BYTES) std::int32_t lanes[kFloats];
  hn::Store(largest, integers, lanes);
  return static_cast<std::uint32_t>(*std::max_element(lanes, lanes + kFloats));
}

HWY_INLINE void store_codes(Int8, hn::Vec<Floats> value, std::uint8_t* codes) {
  const auto rounded = hn::DemoteTo(SignedBytes8(), hn::NearestInt(value));
  hn::StoreU(hn::BitCast(Bytes8(), rounded), Bytes8(), codes);
}
HWY_INLINE hn::Vec<Floats> load_codes(Int8, const std::uint8_t* codes) {
  const auto bytes = hn::BitCast(SignedBytes8(), hn::LoadU(Bytes8(), codes));
  return hn::ConvertTo(Floats(), hn::PromoteTo(Integers(), bytes));
}

HWY_INLINE void store_codes(Fp8, hn::Vec<Floats> value, std::uint8_t* codes) {
  const Words words;
  const auto all = hn::BitCast(words, value);
  const auto bits = hn::And(all, hn::Set(words, 0x7FFFFFFF));
  const auto align = hn::Set(Floats(), Fp8::kAlign);
  const auto magnitude = hn::BitCast(Floats(), bits);
  const auto subnormal =
      hn::Sub(hn::BitCast(words, hn::Add(magnitude, align)), hn::BitCast(words, align));
  const auto odd = hn::And(hn::ShiftRight<Fp8::kMantissaShift>(bits), hn::Set(words, 1));
  const auto normal = hn::ShiftRight<Fp8::kMantissaShift>(
      hn::Add(hn::Sub(bits, hn::Set(words, Fp8::kRebias - 0x7FFFFu)), odd));
  const auto small = hn::Lt(magnitude, hn::Set(Floats(), Fp8::kSmallestNormal));
  const auto code = hn::IfThenElse(hn::RebindMask(words, small), subnormal, normal);
  const auto sign = hn::And(hn::ShiftRight<24>(all), hn::Set(words, 0x80));
  hn::StoreU(hn::DemoteTo(Bytes8(), hn::BitCast(Integers(), hn::Or(code, sign))), Bytes8(), codes);
}
HWY_INLINE hn::Vec<Floats> load_codes(Fp8, const std::uint8_t* codes) {
  const Words words;
  const auto all = hn::PromoteTo(words, hn::LoadU(Bytes8(), codes));
  const auto magnitude = hn::And(all, hn::Set(words, 0x7F));
  const auto subnormal = hn::Mul(hn::ConvertTo(Floats(), hn::BitCast(Integers(), magnitude)),
                                 hn::Set(Floats(), Fp8::kSmallest));
  const auto normal = hn::BitCast(Floats(), hn::Add(hn::ShiftLeft<Fp8::kMantissaShift>(magnitude),
                                                    hn::Set(words, Fp8::kRebias)));
  const auto small = hn::Lt(hn::BitCast(Integers(), magnitude), hn::Set(Integers(), 8));
  const auto value = hn::IfThenElse(hn::RebindMask(Floats(), small), subnormal, normal);
  const auto sign = hn::ShiftLeft<24>(hn::And(all, hn::Set(words, 0x80)));
  return hn::BitCast(Floats(), hn::Or(hn::BitCast(words, value), sign));
}

template <class Code>
HWY_INLINE void encode_block(const Block& block, float inverse, std::uint8_t* codes) {
  if (inverse == 0) {
    std::memset(codes, 0, kBlockElements);
    return;
  }
  for (std::size_t i = 0; i < kBlockElements; i += kFloats) {
    const auto value = hn::Load(Floats(), block.values + i);
    store_codes(Code(), hn::Mul(value, hn::Set(Floats(), inverse)), codes + i);
  }
}
template <class Code>
HWY_INLINE void decode_block(const std::uint8_t* codes, float scale, bool first, Block* block) {
  for (std::size_t i = 0; i < kBlockElements; i += kFloats) {
    auto value = hn::Mul(load_codes(Code(), codes + i), hn::Set(Floats(), scale));
    if (!first) value = hn::Add(hn::Load(Floats(), block->values + i), value);
    hn::Store(value, Floats(), block->values + i);
  }
}
#endif  // HWY_TARGET == HWY_SCALAR

template <class Code>
HWY_INLINE void quantize(const Block& block, std::byte* to) {
  const float scale = scale_of_largest(largest_bits(block), Code::kLargest);
  std::memcpy(to, &scale, sizeof(scale));
  encode_block<Code>(block, inverse_of_scale(scale),
                     reinterpret_cast<std::uint8_t*>(to + sizeof(scale)));
}

// The sum of the blocks that begin at byte `at` of each source.
template <class Code>
HWY_INLINE void sum_blocks(const std::byte* const* srcs, int src_count, std::size_t at,
                           Block* block) {
  for (int s = 0; s < src_count; ++s) {
    const std::byte* const from = srcs[s] + at;
    float scale;
    std::memcpy(&scale, from, sizeof(scale));
    decode_block<Code>(reinterpret_cast<const std::uint8_t*>(from + sizeof(scale)), scale, s == 0,
                       block);
  }
}

template <class T, class Code>
void encode(const void* src, std::size_t count, std::byte* blocks) {
  Block block;
  const auto* from = static_cast<const std::byte*>(src);
  for (std::size_t left = count; left > 0;) {
    const std::size_t now = std::min(left, kBlockElements);
    load_block<T>(from, now, &block);
    quantize<Code>(block, blocks);
    from += now * sizeof(typename Element<T>::Raw);
    blocks += kBlockBytes;
    left -= now;
  }
}

template <class T, class Code>
void decode(const std::byte* const* srcs, int src_count, void* dst, std::size_t count) {
  Block block;
  auto* to = static_cast<std::byte*>(dst);
  for (std::size_t at = 0, left = count; left > 0; at += kBlockBytes) {
    const std::size_t now = std::min(left, kBlockElements);
    sum_blocks<Code>(srcs, src_count, at, &block);
    store_block<T>(block, now, to);
    to += now * sizeof(typename Element<T>::Raw);
    left -= now;
  }
}

// A Kernel; nothing is divided and results are wanted in the caches.
template <class Code>
void recode(void* const* dsts, int dst_count, const void* const* srcs, int src_count,
            std::size_t bytes, int, Store) {
  Block block;
  const auto* const from = reinterpret_cast<const std::byte* const*>(srcs);
  for (std::size_t at = 0; at + kBlockBytes <= bytes; at += kBlockBytes) {
    sum_blocks<Code>(from, src_count, at, &block);
    std::byte encoded[kBlockBytes];
    quantize<Code>(block, encoded);
    for (int d = 0; d < dst_count; ++d) {
      std::memcpy(static_cast<std::byte*>(dsts[d]) + at, encoded, kBlockBytes);
    }
  }
}

}  // namespace weft::reduce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per target
