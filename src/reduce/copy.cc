// Copies to several destinations, with cached or non-temporal stores.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "reduce/copy.cc"
#include "reduce/targets.h"

#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "reduce/reduce.h"

HWY_BEFORE_NAMESPACE();
namespace weft::reduce::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// memcpy with non-temporal stores, not yet fenced.
void stream_copy(std::uint8_t* dst, const std::uint8_t* src, std::size_t bytes) {
#if HWY_TARGET == HWY_SCALAR
  std::memcpy(dst, src, bytes);
#else
  const hn::ScalableTag<std::uint8_t> d;
  constexpr std::size_t kRegister = hn::MaxLanes(d);
  const std::size_t head =
      std::min<std::size_t>(bytes, -reinterpret_cast<std::uintptr_t>(dst) % kRegister);
  std::memcpy(dst, src, head);
  std::size_t at = head;
  for (; at + 4 * kRegister <= bytes; at += 4 * kRegister) {
    const auto a = hn::LoadU(d, src + at);
    const auto b = hn::LoadU(d, src + at + kRegister);
    const auto c = hn::LoadU(d, src + at + 2 * kRegister);
    const auto e = hn::LoadU(d, src + at + 3 * kRegister);
    hn::Stream(a, d, dst + at);
    hn::Stream(b, d, dst + at + kRegister);
    hn::Stream(c, d, dst + at + 2 * kRegister);
    hn::Stream(e, d, dst + at + 3 * kRegister);
  }
  std::memcpy(dst + at, src + at, bytes - at);
#endif
}

const char* name_of_target() { return hwy::TargetName(HWY_TARGET); }

}  // namespace weft::reduce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace weft::reduce {
HWY_EXPORT(stream_copy);
HWY_EXPORT(name_of_target);

namespace {
// A piece of the source that stays in the first-level cache while each destination gets it.
constexpr std::size_t kChunkBytes = 16 << 10;
// Below, the start of a non-temporal stream costs more than it saves.
constexpr std::size_t kStreamBytes = 1 << 10;
}  // namespace

void copy(void* const* dsts, int dst_count, const void* src, std::size_t bytes, Store store) {
  const bool stream = store == Store::streaming && bytes >= kStreamBytes;
  if (dst_count == 1 && !stream) {
    if (dsts[0] != src) std::memcpy(dsts[0], src, bytes);
    return;
  }
  const auto* from = static_cast<const std::uint8_t*>(src);
  const std::size_t chunk = dst_count == 1 ? bytes : kChunkBytes;
  for (std::size_t at = 0; at < bytes; at += chunk) {
    const std::size_t size = std::min(chunk, bytes - at);
    for (int d = 0; d < dst_count; ++d) {
      if (dsts[d] == src) continue;
      auto* to = static_cast<std::uint8_t*>(dsts[d]);
      if (stream) {
        HWY_DYNAMIC_DISPATCH(stream_copy)(to + at, from + at, size);
      } else {
        std::memcpy(to + at, from + at, size);
      }
    }
  }
  if (stream) hwy::FlushStream();
}

const char* target_name() { return HWY_DYNAMIC_DISPATCH(name_of_target)(); }

}  // namespace weft::reduce
#endif
