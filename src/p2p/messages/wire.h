// What messages between two messengers look like: the payloads of a slot, by its kind. The slot's
// label is the user's tag, or else the number of the transfer at its receiver.
//
// A small message travels at once (eager). A large one asks first: the receiver answers with how it
// is to come (rendezvous), by whatever spares most copies. Where one side's memory is mapped at the
// other, one copy does: by who has it mapped, or by both, half each. Private memory of another
// process is copied once too, where the transport reaches it. Over the wire the sender puts
// straight into the receiver's buffer. Else it is cut into pieces that pass through the area.
#pragma once

#include <weft/transport.h>

#include <cstdint>

#include "p2p/endpoint.h"

namespace weft::p2p {

enum class Kind : std::uint32_t {
  inlined,  // a whole message in the slot
  eager,    // a whole message in the area: Piece
  ask,      // Ask: a large message waits
  accept,   // Accept, in the area: how it is to come
  piece,    // Piece: the next part of a large message
  finish,   // Finish: this side's part of a transfer is done
  cancel,   // Finish: this side has given up
  refuse,   // Finish: it is too long for who receives it
};

struct Piece {
  std::uint32_t offset = 0;  // in the area
  std::uint32_t bytes = 0;
};

struct Ask {
  std::uint64_t bytes = 0;
  SharedPlace source;  // where it lies, if peers may have that mapped
  std::uint64_t address =
      0;  // in its sender; 0: the receiver's memory is out of the sender's reach
  std::uint32_t sending = 0;  // the transfer's number at its sender
};

// What the sender does with the bytes from `begin` on; those before the receiver fetches itself.
enum class Way : std::uint32_t {
  pieces,  // sends them through the area
  copy,    // copies them to `target`, which it has mapped
  reach,   // copies them to `address` in the receiver
  put,     // puts them to the memory of `key`
};

struct Accept {
  std::uint32_t sending = 0;
  std::uint32_t receiving = 0;  // the transfer's number at its receiver
  Way way = Way::pieces;
  std::uint32_t unused = 0;
  std::uint64_t begin = 0;
  SharedPlace target;
  std::uint64_t address = 0;
  transport::MemoryKey key;
};

// To which side the number belongs.
enum class Side : std::uint32_t { sender, receiver };

struct Finish {
  std::uint32_t number = 0;
  Side side = Side::sender;
};

}  // namespace weft::p2p
