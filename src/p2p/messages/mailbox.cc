#include "p2p/messages/mailbox.h"

#include <array>

#include "base/error.h"
#include "p2p/post.h"
#include "reduce/reduce.h"

namespace weft::p2p {
namespace {

constexpr std::size_t kMostEager = std::size_t{16} << 10;
constexpr std::size_t kMostPiece = std::size_t{32} << 10;

// Half of the lines, at most 64 of them: small messages need few, and large ones the bytes.
SlotShape shape_for(std::size_t bytes) {
  constexpr std::size_t kMostSlots = 64;
  const std::size_t lines = bytes / kCacheLine - 2;
  return {static_cast<std::uint32_t>(std::min(std::bit_floor(lines / 2), kMostSlots)),
          kLinePayload};
}

std::size_t area_bytes(std::size_t bytes, const SlotShape& shape) {
  return bytes / kCacheLine * kCacheLine - shape.total();
}

// A quarter of them, in whole lines.
std::size_t share_of(std::size_t bytes, std::size_t most) {
  return std::min(std::max<std::size_t>(bytes / 4 / kCacheLine, 1) * kCacheLine, most);
}

}  // namespace

Mailbox::Mailbox(Endpoint& endpoint, int peer, std::size_t bytes, std::byte* own,
                 const RemoteSpan& theirs)
    : endpoint_(endpoint),
      ring_(endpoint, peer, shape_for(bytes), own, theirs),
      own_area_(own + ring_.shape().total()),
      their_area_(theirs + ring_.shape().total()),
      migratory_bytes_(share_of(area_bytes(bytes, ring_.shape()), kMostEager)),
      area_(area_bytes(bytes, ring_.shape()) - migratory_bytes_),
      marks_(ring_.shape().slots),
      slot_mask_(ring_.shape().slots - 1),
      eager_bytes_(share_of(area_.size(), kMostEager)),
      piece_bytes_(share_of(area_.size(), kMostPiece)) {}

// The area is freed as slots are given back.
void Mailbox::free_returned() {
  const std::uint32_t returned = ring_.returned();
  if (returned == freed_) return;
  area_.free_up_to(marks_[(returned - 1) & slot_mask_]);
  freed_ = returned;
}

// Where the bytes of the slot just acquired go: an offset in the area, or behind it where they go
// with a migratory slot. None while there is no room.
std::optional<std::size_t> Mailbox::take_place(std::size_t bytes) {
  if (ring_.migratory_slot() != nullptr && bytes <= migratory_bytes_) return area_.size();
  free_returned();
  auto offset = area_.take(bytes);
  if (!offset) {
    ring_.refresh();
    free_returned();
    offset = area_.take(bytes);
  }
  return offset;
}

// The same as memory, of a mapped peer.
std::byte* Mailbox::mapped_place(std::size_t offset) const {
  const bool home = offset == area_.size() && ring_.migratory_slot()->home;
  return (home ? own_area_ : their_area_.mapped) + offset;
}

bool Mailbox::send_through_area(Kind kind, std::uint32_t label, const void* data, std::size_t bytes,
                                const links::Completion* left) {
  std::byte* slot = ring_.try_acquire();
  if (slot == nullptr) return false;
  const auto offset = take_place(bytes);
  if (!offset) return false;
  marks_[ring_.sent() & slot_mask_] = area_.mark();
  const Piece piece{static_cast<std::uint32_t>(*offset), static_cast<std::uint32_t>(bytes)};
  std::memcpy(slot, &piece, sizeof(piece));
  if (ring_.mapped()) {
    reduce::copy(mapped_place(*offset), data, bytes);
    ring_.commit(sizeof(piece), static_cast<std::uint32_t>(kind), label);
  } else {
    const transport::Put put = make_put(data, their_area_ + *offset, bytes, left->word());
    left->asked();
    ring_.post_slot(sizeof(piece), static_cast<std::uint32_t>(kind), label, &put);
  }
  return true;
}

// `away`: its slot is in the peer's memory, and so are bytes that came with it.
void Mailbox::find_piece(bool away, Arrived* arrived) const {
  Piece piece;
  if (arrived->bytes == sizeof(piece)) std::memcpy(&piece, arrived->data, sizeof(piece));
  const std::size_t size = area_.size() + migratory_bytes_;
  if (arrived->bytes != sizeof(piece) || piece.offset > size || piece.bytes > size - piece.offset) {
    fail(ErrorCode::internal, "a message from {} that lies outside its area",
         endpoint_.describe(ring_.peer()));
  }
  const bool theirs = away && piece.offset >= area_.size();
  arrived->data = (theirs ? their_area_.mapped : own_area_) + piece.offset;
  arrived->bytes = piece.bytes;
}

}  // namespace weft::p2p
