// Entries of an eager ring: a record and its payload, written by one RDMA WRITE into a slot of the
// receiver's memory that it polls. Every 8-byte word holds 4 bytes of data and a flag, so that a
// word says itself whether it has arrived: nothing is assumed of the order in which a device places
// bytes, only that it places an aligned word whole. (NCCL's LL protocol is the same idea.)
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "wire.h"

namespace weft::verbs {

inline constexpr std::size_t kEntryBytes = 512;  // of a slot
inline constexpr std::size_t kEntryPayload = kEntryBytes / 2 - sizeof(Record);

// What marks the words of the entry of this number, counted from 0 and never reset. Never 0, which
// is what an empty slot holds, and another one than what the slot held before it was emptied.
inline std::uint32_t flag_of(std::uint64_t number) {
  return static_cast<std::uint32_t>(1 + number % 0xffff'ffffu);
}

inline std::size_t entry_words(const Record& record) {
  return (record.bytes() + record.payload_bytes + 3) / 4;
}
inline std::size_t entry_bytes(const Record& record) { return entry_words(record) * 8; }

// Writes the words of `bytes` bytes; returns the one behind.
inline std::uint64_t* write_words(std::uint64_t* word, const void* data, std::size_t bytes,
                                  std::uint32_t flag) {
  const auto* from = static_cast<const std::byte*>(data);
  const std::uint64_t high = std::uint64_t{flag} << 32;
  for (; bytes >= 4; bytes -= 4, from += 4) {
    std::uint32_t low;
    std::memcpy(&low, from, 4);
    *word++ = high | low;
  }
  if (bytes == 0) return word;
  std::uint32_t low = 0;
  std::memcpy(&low, from, bytes);
  *word++ = high | low;
  return word;
}

inline void write_entry(std::byte* slot, const Record& record, const void* payload,
                        std::uint32_t flag) {
  auto* word = reinterpret_cast<std::uint64_t*>(slot);
  word = write_words(word, &record, record.bytes(), flag);
  write_words(word, payload, record.payload_bytes, flag);
}

inline std::uint64_t entry_word(const std::byte* slot, std::size_t index) {
  auto& word = *reinterpret_cast<std::uint64_t*>(const_cast<std::byte*>(slot) + index * 8);
  return std::atomic_ref<std::uint64_t>(word).load(std::memory_order_relaxed);
}

// An entry as it was sent.
struct Entry {
  Record record;
  std::byte payload[kEntryPayload];
};

inline bool entry_begins(const std::byte* slot, std::uint32_t flag) {
  return entry_word(slot, 0) >> 32 == flag;
}

// True when all of an entry with this flag has arrived, and then fills *entry with it.
inline bool read_entry(const std::byte* slot, std::uint32_t flag, Entry* entry) {
  const std::uint64_t first = entry_word(slot, 0);
  if (first >> 32 != flag) return false;
  Record beginning;
  beginning.payload_bytes =
      std::min(static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(kEntryPayload));
  const std::size_t words = entry_words(beginning);
  auto* to = reinterpret_cast<std::byte*>(entry);
  for (std::size_t i = 0; i < words; ++i) {
    const std::uint64_t word = entry_word(slot, i);
    if (word >> 32 != flag) return false;
    const auto low = static_cast<std::uint32_t>(word);
    std::memcpy(to + i * 4, &low, 4);
  }
  std::atomic_thread_fence(std::memory_order_acquire);
  return true;
}

// Empties a slot, so that nothing of this entry is ever taken for a part of a later one.
inline void clear_entry(std::byte* slot, const Record& record) {
  std::memset(slot, 0, std::min(entry_bytes(record), kEntryBytes));
}

}  // namespace weft::verbs
