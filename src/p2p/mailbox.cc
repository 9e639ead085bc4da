#include "p2p/mailbox.h"

#include <array>

#include "base/error.h"
#include "p2p/post.h"

namespace weft::p2p {
namespace {

// Half of the lines, at most 64 of them: small messages need few, and large ones the bytes.
SlotShape shape_for(std::size_t bytes) {
  constexpr std::size_t kMostSlots = 64;
  const std::size_t lines = bytes / kCacheLine - 1;
  return {static_cast<std::uint32_t>(std::min(std::bit_floor(lines / 2), kMostSlots)),
          kLinePayload};
}

std::size_t area_bytes(std::size_t bytes, const SlotShape& shape) {
  return bytes / kCacheLine * kCacheLine - shape.total();
}

std::size_t whole_lines(std::size_t bytes) {
  return std::max<std::size_t>(bytes / kCacheLine, 1) * kCacheLine;
}

}  // namespace

Mailbox::Mailbox(Endpoint& endpoint, int peer, std::size_t bytes, std::byte* own,
                 const RemoteSpan& theirs)
    : endpoint_(endpoint),
      ring_(endpoint, peer, shape_for(bytes), own, theirs),
      own_area_(own + ring_.shape().total()),
      their_area_(theirs + ring_.shape().total()),
      area_(area_bytes(bytes, ring_.shape())),
      marks_(ring_.shape().slots),
      slot_mask_(ring_.shape().slots - 1) {
  constexpr std::size_t kMostEager = std::size_t{16} << 10;
  constexpr std::size_t kMostPiece = std::size_t{32} << 10;
  eager_bytes_ = std::min(whole_lines(area_.size() / 4), kMostEager);
  piece_bytes_ = std::min(whole_lines(area_.size() / 4), kMostPiece);
}

// The area is freed as slots are given back.
void Mailbox::free_returned() {
  const std::uint32_t returned = ring_.returned();
  if (returned == freed_) return;
  area_.free_up_to(marks_[(returned - 1) & slot_mask_]);
  freed_ = returned;
}

bool Mailbox::send_through_area(Kind kind, std::uint32_t label, const void* data, std::size_t bytes,
                                std::uint64_t* completed) {
  std::byte* slot = ring_.try_acquire();
  if (slot == nullptr) return false;
  free_returned();
  const auto offset = area_.take(bytes);
  if (!offset) return false;
  marks_[ring_.sent() & slot_mask_] = area_.mark();
  const Piece piece{static_cast<std::uint32_t>(*offset), static_cast<std::uint32_t>(bytes)};
  std::memcpy(slot, &piece, sizeof(piece));
  if (ring_.mapped()) {
    std::memcpy(their_area_.mapped + *offset, data, bytes);
    ++*completed;
    ring_.commit(sizeof(piece), static_cast<std::uint32_t>(kind), label);
  } else {
    const transport::Put put = make_put(data, their_area_ + *offset, bytes, completed);
    ring_.post_slot(sizeof(piece), static_cast<std::uint32_t>(kind), label, &put);
  }
  return true;
}

void Mailbox::find_piece(Arrived* arrived) const {
  Piece piece;
  if (arrived->bytes == sizeof(piece)) std::memcpy(&piece, arrived->data, sizeof(piece));
  if (arrived->bytes != sizeof(piece) || piece.offset > area_.size() ||
      piece.bytes > area_.size() - piece.offset) {
    fail(ErrorCode::internal, "a message from {} that lies outside its area",
         endpoint_.describe(ring_.peer()));
  }
  arrived->data = own_area_ + piece.offset;
  arrived->bytes = piece.bytes;
}

}  // namespace weft::p2p
