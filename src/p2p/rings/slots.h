// How a ring of slots lies in memory: what one peer writes and another reads, in order.
//
// A slot holds a 16-byte header and a payload. The header's first word, the flag, is written last
// and names the message's number, so that nothing has to be cleared. The header of a small slot
// shares its line with the payload: one transfer of a cache line carries both. In front of the
// slots there is a line whose first word is raised by the peer: how many of *its* slots were given
// back. Behind them there is one more slot, which both write in turn (migratory_slot.h).
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/cpu.h"

namespace weft::p2p {

inline constexpr std::size_t kHeaderBytes = 16;
inline constexpr std::size_t kLinePayload = kCacheLine - kHeaderBytes;
inline constexpr std::uint32_t kMaxSlotBytes = (1u << 28) - 1;

// What a flag says besides that the message is there.
struct Flag {
  std::uint32_t number = 0;  // of the message, from 1 on, modulo 2^32
  std::uint32_t kind = 0;    // below kKinds, the user's
  std::uint32_t bytes = 0;   // 28 bits
  bool home = false;         // who wrote it owns the memory

  static constexpr std::uint32_t kKinds = 8;

  std::uint64_t packed() const {
    return static_cast<std::uint64_t>(number) << 32 | static_cast<std::uint64_t>(home) << 31 |
           kind << 28 | bytes;
  }
  // Whether the word is the flag of a message, whatever its kind and bytes.
  static bool is(std::uint64_t word, std::uint32_t number, bool home) {
    return word >> 31 == (static_cast<std::uint64_t>(number) << 1 | static_cast<unsigned>(home));
  }
  static Flag unpack(std::uint64_t word) {
    const auto low = static_cast<std::uint32_t>(word);
    return {static_cast<std::uint32_t>(word >> 32), low >> 28 & (kKinds - 1), low & kMaxSlotBytes,
            low >> 31 != 0};
  }
};

inline std::uint64_t read_flag(std::byte* slot) {
  return std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(slot))
      .load(std::memory_order_acquire);
}
inline void write_flag(std::byte* slot, const Flag& flag) {
  std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(slot))
      .store(flag.packed(), std::memory_order_release);
}

// Equal at both ends.
struct SlotShape {
  std::uint32_t slots = 0;
  std::uint32_t slot_bytes = 0;  // of payload

  bool small() const { return slot_bytes <= kLinePayload; }
  // Where a slot's header begins: payloads of larger slots begin a line.
  std::size_t header_offset() const { return small() ? 0 : kLinePayload; }
  std::size_t stride() const {
    const std::size_t lines = (slot_bytes + kCacheLine - 1) / kCacheLine;
    return small() ? kCacheLine : kCacheLine * (1 + lines);
  }
  std::size_t slot_offset(std::uint32_t slot) const {
    return kCacheLine + stride() * slot + header_offset();
  }
  std::size_t migratory_offset() const { return slot_offset(slots); }
  // Of all of it.
  std::size_t total() const { return kCacheLine + stride() * (slots + 1); }

  friend bool operator==(const SlotShape&, const SlotShape&) = default;
};

// Goes round the slots of a ring.
class SlotCursor {
 public:
  // `memory`: where the line in front of the slots is.
  SlotCursor(std::byte* memory, const SlotShape& shape)
      : begin_(memory + shape.slot_offset(0)),
        end_(memory + shape.migratory_offset()),
        stride_(shape.stride()),
        slot_(begin_) {}

  std::byte* slot() const { return slot_; }
  std::size_t index() const { return static_cast<std::size_t>(slot_ - begin_) / stride_; }
  void next() {
    slot_ += stride_;
    if (slot_ == end_) slot_ = begin_;
  }

 private:
  std::byte* begin_;
  std::byte* end_;
  std::size_t stride_;
  std::byte* slot_;
};

}  // namespace weft::p2p
