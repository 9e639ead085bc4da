// The eager ring: slots in the memory of each of two peers, which the other writes entries into
// (eager.h) and whose owner polls them. Credits count them, so that none is overwritten.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "eager.h"

namespace weft::verbs {

class EagerRing {
 public:
  // Of both directions, zeroed: what the peer writes to comes first, copies of what goes there
  // after it. `first` numbers the first entry. `slots` is a power of two.
  void open(std::byte* memory, std::uint32_t slots, std::uint64_t first) {
    inbox_ = memory;
    outbox_ = memory + slots * kEntryBytes;
    slots_ = slots;
    sent_ = taken_ = first;
  }
  static std::size_t bytes(std::uint32_t slots) { return 2 * std::size_t{slots} * kEntryBytes; }
  // The peer's has so many slots: entries may go there.
  void join(std::uint32_t peer_slots) {
    peer_slots_ = std::bit_floor(peer_slots);
    window_ = credits_ = std::min(slots_, peer_slots_);
  }

  // Whether this end has one that the peer may write to.
  bool is_open() const { return slots_ > 0; }
  std::uint32_t slots() const { return slots_; }
  std::byte* inbox() const { return inbox_; }
  // Whether entries can go to the peer at all, and now.
  bool joined() const { return window_ > 0; }
  bool has_room() const { return credits_ > 0; }

  // An entry, written here, for the peer's slot at that offset. It stays as it is until the peer
  // has taken it: its credit says so.
  struct Outgoing {
    std::byte* entry;
    std::size_t bytes;
    std::size_t slot_offset;
  };
  // Where there is room.
  Outgoing write(const Record& record, const void* payload) {
    const Outgoing out{outbox_ + sent_ % slots_ * kEntryBytes, entry_bytes(record),
                       sent_ % peer_slots_ * kEntryBytes};
    write_entry(out.entry, record, payload, flag_of(sent_));
    ++sent_;
    --credits_;
    return out;
  }
  void add_credits(std::uint32_t count) { credits_ += count; }

  // Something of the next entry has come.
  bool begins() const { return entry_begins(slot(), flag_of(taken_)); }
  // Takes the next entry where all of it has come and its record has this number.
  bool take(std::uint16_t number, Entry* entry) {
    if (!read_entry(slot(), flag_of(taken_), entry) || entry->record.number != number) return false;
    clear_entry(slot(), entry->record);
    ++taken_;
    ++owed_;
    return true;
  }
  // Entries so far.
  std::uint64_t taken() const { return taken_; }

  // Entries taken of which the peer has not been told; never more than there are slots.
  bool owes_half() const { return window_ > 0 && owed_ * 2 >= window_; }
  std::uint8_t take_owed() { return static_cast<std::uint8_t>(std::exchange(owed_, 0)); }

 private:
  std::byte* slot() const { return inbox_ + taken_ % slots_ * kEntryBytes; }

  std::byte* inbox_ = nullptr;
  std::byte* outbox_ = nullptr;
  std::uint32_t slots_ = 0, peer_slots_ = 0;
  std::uint32_t window_ = 0;  // entries that each side may have on their way
  std::uint64_t taken_ = 0, sent_ = 0;
  std::uint32_t owed_ = 0, credits_ = 0;
};

}  // namespace weft::verbs
