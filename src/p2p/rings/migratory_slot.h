// A slot that both ends write in turn: an answer travels in the cache lines of its request.
//
// A line that was just read from the core that wrote it can be written without asking that core
// again, so that a request and its answer take one transfer each and not two (migratory sharing;
// Stenström, Brorsson and Sandberg, ISCA 1993). Each end has one such slot in its memory, which at
// first is the other's to write. Who has given back a message that came in one may write it next;
// who has no turn uses the ring of slots, as all do where messages flow one way.
#pragma once

#include <cstddef>
#include <cstdint>

#include "p2p/rings/slots.h"

namespace weft::p2p {

struct MigratorySlot {
  enum class Turn : std::uint8_t { none, own, peers, held };

  std::byte* slot = nullptr;
  Turn turn = Turn::none;
  bool home = false;         // it lies in this end's memory
  std::uint32_t number = 0;  // held: of the message
};

class MigratorySlots {
 public:
  // There are none until it is called. `own`, `theirs`: the slots at this end and at the peer.
  void open(std::byte* own, std::byte* theirs) {
    all_[0] = {own, MigratorySlot::Turn::peers, true, 0};
    all_[1] = {theirs, MigratorySlot::Turn::own, false, 0};
    next_ = &all_[1];
  }

  // The one to write the next message to: of those whose turn it is, the last to have arrived.
  // Null: none.
  MigratorySlot* next() const { return next_; }
  void sent(MigratorySlot* slot) {
    slot->turn = MigratorySlot::Turn::peers;
    next_ = nullptr;
    for (MigratorySlot& other : all_) {
      if (other.turn == MigratorySlot::Turn::own) next_ = &other;
    }
  }

  // The one in which the peer's message `number` has come; null: none.
  MigratorySlot* arrived(std::uint32_t number) {
    for (MigratorySlot& slot : all_) {
      // What this end wrote last may still stand there: then the other is its memory's owner.
      if (slot.turn == MigratorySlot::Turn::peers &&
          Flag::is(read_flag(slot.slot), number, !slot.home))
        return &slot;
    }
    return nullptr;
  }
  void taken(MigratorySlot* slot, std::uint32_t number) {
    slot->turn = MigratorySlot::Turn::held;
    slot->number = number;
  }
  // All messages up to `number` were given back.
  void released(std::uint32_t number) {
    for (MigratorySlot& slot : all_) {
      if (slot.turn != MigratorySlot::Turn::held || slot.number != number) continue;
      slot.turn = MigratorySlot::Turn::own;
      next_ = &slot;
    }
  }

 private:
  MigratorySlot all_[2];
  MigratorySlot* next_ = nullptr;
};

}  // namespace weft::p2p
