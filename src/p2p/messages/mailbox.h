// One peer's way in and out for messages: slots for what is small, an area of bytes beside them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "p2p/area.h"
#include "p2p/messages/wire.h"
#include "p2p/rings/ring_pair.h"
#include "reduce/reduce.h"

namespace weft::p2p {

// What has arrived. Its data is valid until pop().
struct Arrived {
  Kind kind = Kind::inlined;
  std::uint32_t label = 0;
  const std::byte* data = nullptr;
  std::size_t bytes = 0;
};

class Mailbox {
 public:
  // The fewest bytes a mailbox can have.
  static constexpr std::size_t kLeastBytes = 1024;

  // `own`: `bytes` zeroed bytes here that the peer writes to, `theirs`: the same at the peer.
  Mailbox(Endpoint& endpoint, int peer, std::size_t bytes, std::byte* own,
          const RemoteSpan& theirs);

  bool mapped() const { return ring_.mapped(); }
  // Messages up to so many bytes travel at once.
  std::size_t eager_bytes() const { return eager_bytes_; }
  // What a large one is cut into where it has to pass through here.
  std::size_t piece_bytes() const { return piece_bytes_; }

  // Sends what fits a slot. False while there is no room. Throws Error(peer_failed), as all sends.
  bool send_small(Kind kind, std::uint32_t label, const void* data, std::size_t bytes) {
    std::byte* slot = ring_.try_acquire();
    if (slot == nullptr) return false;
    if (bytes == sizeof(std::uint64_t)) {
      std::memcpy(slot, data, sizeof(std::uint64_t));  // the commonest size, without a call
    } else {
      reduce::copy(slot, data, bytes);
    }
    marks_[ring_.sent() & slot_mask_] = area_.mark();
    ring_.commit(static_cast<std::uint32_t>(bytes), static_cast<std::uint32_t>(kind), label);
    return true;
  }
  // Sends at most eager_bytes() through the area. A mapped peer's are copied at once, and `left`
  // may be null; for others it counts the put after which `data` may be reused.
  bool send_through_area(Kind kind, std::uint32_t label, const void* data, std::size_t bytes,
                         const links::Completion* left);

  // The next message. Throws Error(internal) where it makes no sense.
  bool front(Arrived* out) {
    Front front;
    if (!ring_.front(&front)) return false;
    *out = {static_cast<Kind>(front.kind), front.label, front.data, front.bytes};
    if (out->kind == Kind::eager || out->kind == Kind::accept || out->kind == Kind::piece)
      find_piece(front.away, out);
    return true;
  }
  void pop() {
    ring_.take();
    ring_.release();
  }
  // Before this process waits: tells the peer what it may not know yet.
  void tell() { ring_.tell(); }
  // See RingPair.
  bool push() { return ring_.push(); }
  bool owes() const { return ring_.owes(); }

 private:
  void find_piece(bool away, Arrived* arrived) const;
  std::optional<std::size_t> take_place(std::size_t bytes);
  std::byte* mapped_place(std::size_t offset) const;
  void free_returned();

  Endpoint& endpoint_;
  RingPair ring_;
  std::byte* const own_area_;
  const RemoteSpan their_area_;
  const std::size_t migratory_bytes_;  // at the end of each area, for a message in a migratory slot
  Area area_;                          // the rest of the peer's, as this side fills it
  std::vector<std::uint64_t> marks_;   // of the area, after the message of each slot
  std::uint32_t slot_mask_;
  std::uint32_t freed_ = 0;  // messages whose pieces were freed
  std::size_t eager_bytes_;
  std::size_t piece_bytes_;
};

}  // namespace weft::p2p
