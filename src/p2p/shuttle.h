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

#include "p2p/slots.h"

namespace weft::p2p {

struct Shuttle {
  enum class Turn : std::uint8_t { none, own, peers, held };

  std::byte* slot = nullptr;
  Turn turn = Turn::none;
  bool home = false;         // it lies in this end's memory
  std::uint32_t number = 0;  // held: of the message
};

class Shuttles {
 public:
  // There are none until it is called. `own`, `theirs`: the slots at this end and at the peer.
  void open(std::byte* own, std::byte* theirs) {
    all_[0] = {own, Shuttle::Turn::peers, true, 0};
    all_[1] = {theirs, Shuttle::Turn::own, false, 0};
    next_ = &all_[1];
  }

  // The one to write the next message to: of those whose turn it is, the last to have arrived.
  // Null: none.
  Shuttle* next() const { return next_; }
  void sent(Shuttle* shuttle) {
    shuttle->turn = Shuttle::Turn::peers;
    next_ = nullptr;
    for (Shuttle& other : all_) {
      if (other.turn == Shuttle::Turn::own) next_ = &other;
    }
  }

  // The one in which the peer's message `number` has come; null: none.
  Shuttle* arrived(std::uint32_t number) {
    for (Shuttle& shuttle : all_) {
      // What this end wrote last may still stand there: then the other is its memory's owner.
      if (shuttle.turn == Shuttle::Turn::peers &&
          Flag::is(read_flag(shuttle.slot), number, !shuttle.home))
        return &shuttle;
    }
    return nullptr;
  }
  void taken(Shuttle* shuttle, std::uint32_t number) {
    shuttle->turn = Shuttle::Turn::held;
    shuttle->number = number;
  }
  // All messages up to `number` were given back.
  void released(std::uint32_t number) {
    for (Shuttle& shuttle : all_) {
      if (shuttle.turn != Shuttle::Turn::held || shuttle.number != number) continue;
      shuttle.turn = Shuttle::Turn::own;
      next_ = &shuttle;
    }
  }

 private:
  Shuttle all_[2];
  Shuttle* next_ = nullptr;
};

}  // namespace weft::p2p
