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

// By vector registers; non-temporal stores are not yet fenced.
template <Store kStore>
void copy_lines(std::uint8_t* dst, const std::uint8_t* src, std::size_t bytes) {
#if HWY_TARGET == HWY_SCALAR
  std::memcpy(dst, src, bytes);
#else
  const hn::ScalableTag<std::uint8_t> d;
  constexpr std::size_t kRegister = hn::MaxLanes(d);
  const auto put = [d](auto value, std::uint8_t* to) {
    kStore == Store::streaming ? hn::Stream(value, d, to) : hn::Store(value, d, to);
  };
  const std::size_t head =
      std::min<std::size_t>(bytes, -reinterpret_cast<std::uintptr_t>(dst) % kRegister);
  std::memcpy(dst, src, head);
  std::size_t at = head;
  for (; at + 4 * kRegister <= bytes; at += 4 * kRegister) {
    const auto a = hn::LoadU(d, src + at);
    const auto b = hn::LoadU(d, src + at + kRegister);
    const auto c = hn::LoadU(d, src + at + 2 * kRegister);
    const auto e = hn::LoadU(d, src + at + 3 * kRegister);
    put(a, dst + at);
    put(b, dst + at + kRegister);
    put(c, dst + at + 2 * kRegister);
    put(e, dst + at + 3 * kRegister);
  }
  std::memcpy(dst + at, src + at, bytes - at);
#endif
}

void stream_copy(std::uint8_t* dst, const std::uint8_t* src, std::size_t bytes) {
  copy_lines<Store::streaming>(dst, src, bytes);
}

void cached_copy(std::uint8_t* dst, const std::uint8_t* src, std::size_t bytes) {
  copy_lines<Store::cached>(dst, src, bytes);
}

// Starts fetching what is read next.
void fetch(const std::uint8_t* from, std::size_t bytes) {
  constexpr std::size_t kLine = 64;
  for (std::size_t i = 0; i < bytes; i += kLine) hwy::Prefetch(from + i);
}

// The processor's own prefetchers lose the trail at the end of each piece, and follow two streams
// better than one: so the halves of a block are copied side by side, and meanwhile the block that
// comes after it is fetched.
void stream_block(const Piece& block, const Piece& next) {
  auto* dst = static_cast<std::uint8_t*>(block.dst);
  const auto* src = static_cast<const std::uint8_t*>(block.src);
  const auto* then = static_cast<const std::uint8_t*>(next.src);
#if HWY_TARGET == HWY_SCALAR
  constexpr std::size_t kStep = 64;
#else
  constexpr std::size_t kStep = 4 * hn::MaxLanes(hn::ScalableTag<std::uint8_t>());
#endif
  const std::size_t head =
      std::min<std::size_t>(block.bytes, -reinterpret_cast<std::uintptr_t>(dst) % kStep);
  stream_copy(dst, src, head);
  const std::size_t half = (block.bytes - head) / 2 / kStep * kStep;
  for (std::size_t at = head; at < head + half; at += kStep) {
    for (const std::size_t part : {at, at + half}) {
      if (part < next.bytes) fetch(then + part, kStep);
      stream_copy(dst + part, src + part, kStep);
    }
  }
  const std::size_t rest = head + 2 * half;
  stream_copy(dst + rest, src + rest, block.bytes - rest);
}

// Parts of at most `most` bytes of pieces, one after the other.
class Blocks {
 public:
  Blocks(const Piece* pieces, std::size_t count, std::size_t most)
      : next_(pieces), end_(pieces + count), most_(most) {}

  // Of 0 bytes after the last one.
  Piece take() {
    while (left_.bytes == 0) {
      if (next_ == end_) return {};
      left_ = *next_++;
    }
    const Piece block{left_.dst, left_.src, std::min(left_.bytes, most_)};
    left_.dst = static_cast<std::uint8_t*>(left_.dst) + block.bytes;
    left_.src = static_cast<const std::uint8_t*>(left_.src) + block.bytes;
    left_.bytes -= block.bytes;
    return block;
  }

 private:
  const Piece* next_;
  const Piece* end_;
  const std::size_t most_;
  Piece left_;
};

void stream_pieces(const Piece* pieces, std::size_t count) {
  constexpr std::size_t kBlock = 16 << 10;
  Blocks blocks(pieces, count, kBlock);
  for (Piece block = blocks.take(); block.bytes > 0;) {
    const Piece next = blocks.take();
    stream_block(block, next);
    block = next;
  }
}

void copy_pieces(const Piece* pieces, std::size_t count) {
  constexpr std::size_t kAhead = 2 << 10;
  for (std::size_t i = 0; i < count; ++i) {
    if (i + 1 < count) {
      fetch(static_cast<const std::uint8_t*>(pieces[i + 1].src),
            std::min(kAhead, pieces[i + 1].bytes));
    }
    reduce::copy(pieces[i].dst, pieces[i].src, pieces[i].bytes);
  }
}

const char* name_of_target() { return hwy::TargetName(HWY_TARGET); }

}  // namespace weft::reduce::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace weft::reduce {
HWY_EXPORT(stream_copy);
HWY_EXPORT(cached_copy);
HWY_EXPORT(copy_pieces);
HWY_EXPORT(stream_pieces);
HWY_EXPORT(name_of_target);

namespace {
// A piece of the source that stays in the first-level cache while each destination gets it.
constexpr std::size_t kChunkBytes = 16 << 10;
// Below, the start of a non-temporal stream costs more than it saves.
constexpr std::size_t kStreamBytes = 1 << 10;
}  // namespace

void copy_by_registers(void* dst, const void* src, std::size_t bytes) {
  HWY_DYNAMIC_DISPATCH(cached_copy)(static_cast<std::uint8_t*>(dst),
                                    static_cast<const std::uint8_t*>(src), bytes);
}

void copy(void* const* dsts, int dst_count, const void* src, std::size_t bytes, Store store) {
  if (store == Store::cached && dst_count == 1) {
    if (dsts[0] != src) copy(dsts[0], src, bytes);
    return;
  }
  const std::span all(dsts, static_cast<std::size_t>(dst_count));
  store == Store::cached ? copy(all, {}, src, bytes) : copy({}, all, src, bytes);
}

void copy(std::span<void* const> cached, std::span<void* const> streamed, const void* src,
          std::size_t bytes) {
  const bool stream = !streamed.empty() && bytes >= kStreamBytes;
  const auto* from = static_cast<const std::uint8_t*>(src);
  const std::size_t chunk = cached.size() + streamed.size() == 1 ? bytes : kChunkBytes;
  for (std::size_t at = 0; at < bytes; at += chunk) {
    const std::size_t size = std::min(chunk, bytes - at);
    const auto plain = [&](void* to) {
      if (to != src) copy(static_cast<std::uint8_t*>(to) + at, from + at, size);
    };
    const auto past_caches = [&](void* to) {
      if (to == src) return;
      HWY_DYNAMIC_DISPATCH(stream_copy)(static_cast<std::uint8_t*>(to) + at, from + at, size);
    };
    for (void* to : cached) plain(to);
    for (void* to : streamed) stream ? past_caches(to) : plain(to);
  }
  if (stream) hwy::FlushStream();
}

void copy(std::span<const Piece> pieces, Store store) {
  if (store == Store::cached)
    return HWY_DYNAMIC_DISPATCH(copy_pieces)(pieces.data(), pieces.size());
  HWY_DYNAMIC_DISPATCH(stream_pieces)(pieces.data(), pieces.size());
  hwy::FlushStream();
}

const char* target_name() { return HWY_DYNAMIC_DISPATCH(name_of_target)(); }

}  // namespace weft::reduce
#endif
