// What is known of a peer, and what is under way with it.
#pragma once

#include <weft/transport.h>

#include <array>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "eager_ring.h"
#include "lane.h"
#include "rail.h"

namespace weft::verbs {

enum class Stage : std::uint8_t { idle, offered, ready };

// A record that arrived before its turn.
struct Held {
  int rail = 0;
  int slot = -1;
};

// Memory for what goes to and comes from one peer: the eager ring, and SENDs on their way.
struct PeerBuffers {
  std::byte* memory = nullptr;
  std::size_t bytes = 0;
  Registration* registration = nullptr;
};

// A put whose source no device can read where it is: it is copied and sent in pieces, as there is
// room, and other puts to the peer wait for it.
struct PutInPieces {
  transport::Put put;  // its memories are the keys
  Key target, word;
  std::size_t done = 0;
};

// A get that waits for room. Its caller keeps the memory that it names for the call alone.
struct WaitingGet {
  transport::Get get;
  Key source;
  std::size_t done = 0;  // of one that goes in pieces
  int transfer = -1;     // the same's
};

struct Peer {
  int number = -1;
  bool known = false;  // connect() succeeded
  Stage stage = Stage::idle;
  int lanes = 0;              // rails that both sides have
  std::uint8_t answered = 0;  // lanes whose offer has come, as bits
  std::uint8_t usable = 0;    // lanes that work on this side
  std::array<Lane, kMaxRails> lane;
  std::vector<int> active;    // lanes that work on both sides
  std::size_t turn = 0;       // the active lane that takes the next small transfer
  bool in_order = false;      // entries of the ring overtake nothing that was written before them
  std::uint16_t sent = 0;     // the next record's number
  std::uint16_t applied = 0;  // the number of the next record to apply
  std::vector<Held> held;     // by number, modulo their count; empty: nothing may come yet
  EagerRing ring;
  PeerBuffers buffers;
  std::optional<PutInPieces> pieces;
  std::deque<WaitingGet> gets;  // in any number
  bool waits = false;           // it is in the backlog
  std::string trouble;          // what keeps lanes from working
  // What ended its TCP connection, while its queue pairs may still work; empty: it is there.
  std::string silence;
  transport::Status failure;

  Lane& at(int number_of_lane) { return lane[static_cast<std::size_t>(number_of_lane)]; }
  const Lane& at(int number_of_lane) const {
    return lane[static_cast<std::size_t>(number_of_lane)];
  }
};

// Adds a SEND of a record to a chain for one of the peer's lanes: inline where it fits, else from
// `place` in the peer's buffers.
void add_send(Chain* chain, Peer& peer, int lane, const Record& record, const void* payload,
              std::byte* place);

}  // namespace weft::verbs
