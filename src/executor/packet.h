// Packets: 64-byte lines of 56 bytes of payload and an 8-byte flag. The flag is written last and
// names the pass, so that payload and signal cross between two cores in one transfer. (NCCL's LL128
// is the same idea on a GPU.)
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/cpu.h"

namespace weft::executor {

inline constexpr std::size_t kPacketPayload = kCacheLine - sizeof(std::uint64_t);

// Lines that `bytes` take: at least one, since an empty block has a flag too.
inline std::size_t packet_lines(std::size_t bytes) {
  return bytes <= kPacketPayload ? 1 : (bytes + kPacketPayload - 1) / kPacketPayload;
}

inline std::atomic_ref<std::uint64_t> packet_flag(std::byte* line) {
  return std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(line + kPacketPayload));
}

inline void write_packets(std::byte* line, const std::byte* source, std::size_t bytes,
                          std::uint64_t flag) {
  for (; bytes > kPacketPayload; bytes -= kPacketPayload) {
    std::memcpy(line, source, kPacketPayload);
    packet_flag(line).store(flag, std::memory_order_release);
    line += kCacheLine;
    source += kPacketPayload;
  }
  // The commonest size without a call; an empty block may have no source.
  if (bytes == sizeof(std::uint64_t)) {
    std::memcpy(line, source, sizeof(std::uint64_t));
  } else if (bytes > 0) {
    std::memcpy(line, source, bytes);
  }
  packet_flag(line).store(flag, std::memory_order_release);
}

// Copies arrived lines to `target`, from line *next on. True when all have arrived; else *next is
// the first that has not.
inline bool read_packets(std::byte* lines, std::byte* target, std::size_t bytes, std::uint64_t flag,
                         std::size_t* next) {
  const std::size_t count = packet_lines(bytes);
  for (std::size_t i = *next; i < count; ++i) {
    std::byte* line = lines + i * kCacheLine;
    if (packet_flag(line).load(std::memory_order_acquire) != flag) {
      *next = i;
      return false;
    }
    const std::size_t offset = i * kPacketPayload;
    const std::size_t rest = bytes - offset;
    if (rest >= kPacketPayload) {
      std::memcpy(target + offset, line, kPacketPayload);
    } else {
      std::memcpy(target + offset, line, rest);
    }
  }
  *next = 0;
  return true;
}

}  // namespace weft::executor
