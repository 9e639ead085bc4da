// What the inputs of mailbox_fuzz.cc are: a byte of the peer's manner, then steps.
#pragma once

#include "fuzz/guarded.h"
#include "p2p/rings/slots.h"

namespace weft::fuzz {

inline constexpr std::size_t kMailboxBytes = Guarded::kPage;
inline constexpr p2p::SlotShape kShape{16, p2p::kLinePayload};  // of such a mailbox
inline const std::size_t kAreaBytes = kMailboxBytes - kShape.total();
// Long enough that private memory is copied by a transport.
inline constexpr std::size_t kLargePages = 17;
inline constexpr std::size_t kLarge = kLargePages * Guarded::kPage;
inline constexpr std::size_t kSmall = 100;

// A step's first byte, modulo `end`. After it come, as mailbox_fuzz.cc takes them:
enum class Step : std::uint8_t {
  slot,        // the next message: kind, bytes (255: a word follows), label and credits, payload
  stray_slot,  // the same in a slot, with a number, of the input's choice
  area,        // offset, bytes, and they
  credits,     // a word of slots given back
  turn,        // nothing: the rank moves on
  probe,
  send,
  receive,
  migratory,  // the next message in a slot that both write in turn: whose memory, and as above
  end,
};

}  // namespace weft::fuzz
