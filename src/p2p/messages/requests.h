// Messages under way. Owned by a Messenger; the caller of start() holds a pointer until it gives it
// back by Messenger::forget().
#pragma once

#include <weft/error.h>
#include <weft/message.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "p2p/messages/wire.h"
#include "p2p/outcome.h"

namespace weft::p2p {

// A copy in slices, so that it does not keep this rank from everything else. One of the two may be
// an address in a peer.
struct Copy {
  enum class Kind : std::uint8_t { mapped, read, write };
  Kind kind = Kind::mapped;
  std::byte* to = nullptr;
  const std::byte* from = nullptr;
  std::size_t bytes = 0;
  std::size_t copied = 0;

  bool pending() const { return copied < bytes; }
};

struct SendRequest {
  const std::byte* data = nullptr;
  std::size_t bytes = 0;
  int peer = -1;
  int tag = 0;
  Outcome outcome;
  bool forgotten = false;  // nobody holds a pointer to it

  bool begun = false;        // a small one is on its way, a large one has asked
  std::uint32_t number = 0;  // of a large message that has asked; 0: none
  std::optional<Accept> accepted;
  std::size_t sent = 0;        // pieces: bytes on their way; put: bytes posted
  bool told = false;           // its own part is done and said to be
  bool peer_finished = false;  // the receiver has fetched its part
  Copy copy;
  bool cancelled = false;  // the receiver has given up and waits for the last put to have ended
  links::Completion left;  // of the puts; taken with the first one
  transport::RemoteMemory target;     // imported for a put; peer -1: none
  transport::LocalMemory registered;  // the source, for a put; bytes 0: not registered

  // Whether no transport reads the message any more.
  bool has_left() const { return !left.valid() || left.done(); }
};

struct ReceiveRequest {
  bool forgotten = false;  // nobody holds a pointer to it; the sender may still write to its memory
  std::byte* data = nullptr;
  std::size_t room = 0;
  int source = kAnySource;
  int tag = kAnyTag;
  Outcome outcome;
  Received received;

  std::uint32_t number = 0;  // of a large message; 0: it is none, or was not found
  std::uint32_t sending = 0;
  std::size_t arrived = 0;     // pieces
  bool awaits_finish = false;  // the sender has a part, and says when it is done
  bool finished = false;       // it has said so
  bool pulls = false;          // this side has a part, and says when it is done
  Copy copy;
  transport::LocalMemory registered;  // for a put; bytes 0: not registered
};

}  // namespace weft::p2p
