// How a ring of slots lies in memory: what one peer writes and another reads, in order.
//
// A slot holds a 16-byte header and a payload. The header's first word, the flag, is written last
// and names the message's number, so that nothing has to be cleared. The header of a small slot
// shares its line with the payload: one transfer of a cache line carries both. In front of the slots
// there is a line whose first word is raised by the peer: how many of *its* slots were given back.
#pragma once

#include <algorithm>
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
  std::uint32_t kind = 0;    // 4 bits, the user's
  std::uint32_t bytes = 0;   // 28 bits

  std::uint64_t packed() const {
    return static_cast<std::uint64_t>(number) << 32 | kind << 28 | bytes;
  }
  static Flag unpack(std::uint64_t word) {
    const auto low = static_cast<std::uint32_t>(word);
    return {static_cast<std::uint32_t>(word >> 32), low >> 28, low & kMaxSlotBytes};
  }
};

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
  // Of all slots and the line in front of them.
  std::size_t total() const { return kCacheLine + stride() * slots; }

  friend bool operator==(const SlotShape&, const SlotShape&) = default;
};

}  // namespace weft::p2p
