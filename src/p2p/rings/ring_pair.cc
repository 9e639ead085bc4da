#include "p2p/rings/ring_pair.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "base/error.h"
#include "p2p/post.h"

namespace weft::p2p {
namespace {

std::shared_ptr<std::byte> allocate_lines(std::size_t bytes) {
  void* memory = std::aligned_alloc(kCacheLine, bytes);
  if (memory == nullptr) throw std::bad_alloc();
  std::memset(memory, 0, bytes);
  return {static_cast<std::byte*>(memory), [](std::byte* lines) { std::free(lines); }};
}

}  // namespace

RingPair::RingPair(Endpoint& endpoint, int peer, const SlotShape& shape, std::byte* own,
                   const RemoteSpan& theirs)
    : endpoint_(endpoint),
      peer_(peer),
      path_(&endpoint.path(peer)),
      shape_(shape),
      own_(own),
      theirs_(theirs),
      tell_after_(std::max<std::uint32_t>(shape.slots / 2, 1)),
      staging_(theirs.mapped != nullptr ? nullptr : allocate_lines(shape.total())),
      out_(theirs.mapped != nullptr ? theirs.mapped : staging_.get(), shape),
      in_(own, shape) {
  if (theirs_.mapped != nullptr) {
    migratory_.open(own_ + shape_.migratory_offset(), theirs_.mapped + shape_.migratory_offset());
    return;
  }
  constexpr std::size_t kMostPuts = 2;
  left_ = endpoint.take_completion(peer, shape_.slots);
  left_.keep(staging_);
  pending_.reserve(kMostPuts);
}

RingPair::~RingPair() {
  if (unposted_ == 0) return;
  constexpr std::chrono::seconds kLongest{1};
  const std::int64_t deadline =
      endpoint_.clock().now_ns() + std::chrono::nanoseconds(kLongest).count();
  try {
    while (endpoint_.failure(peer_) == nullptr && !push() && endpoint_.clock().now_ns() < deadline)
      path_->transport->progress();
  } catch (const Error&) {
    // The peer is gone.
  }
}

// The payload and the second half of the header go in one put, whose signal is the flag.
void RingPair::post_slot(std::uint32_t bytes, std::uint32_t kind, std::uint32_t label,
                         const transport::Put* before) {
  std::byte* slot = out_.slot();
  write_note(slot, label);
  pending_.clear();
  if (before != nullptr) pending_.push_back(*before);
  const std::size_t index = out_.index();
  last_slot_ = index;
  const RemoteSpan target = theirs_ + static_cast<std::size_t>(slot - staging_.get());
  pending_.push_back(make_put(slot + 8, target + 8, 8 + bytes, left_.word(index)));
  add_signal(&pending_.back(), target, Flag{++sent_, kind, bytes}.packed());
  unposted_ = pending_.size();
  told_ = released_;
  out_.next();
  push();
}

bool RingPair::push_pending() {
  std::span<const transport::Put> rest = std::span(pending_).last(unposted_);
  post_some(endpoint_, peer_, &rest);
  unposted_ = rest.size();
  if (unposted_ > 0) return false;
  left_.asked(1, last_slot_);
  return true;
}

// Whether the next slot can be written to again.
bool RingPair::has_left() { return push() && left_.done(out_.index()); }

void RingPair::tell() {
  if (theirs_.mapped != nullptr) return;
  try {
    if (!push() || told_ == released_) return;
    transport::Put put;
    add_signal(&put, theirs_, released_);
    std::span<const transport::Put> rest(&put, 1);
    post_some(endpoint_, peer_, &rest);
    if (rest.empty()) told_ = released_;
  } catch (const Error&) {
    // A peer that is gone needs no slots; what it sent before is still to be taken.
  }
}

void RingPair::refuse(const Flag& flag) const {
  fail(ErrorCode::internal, "{} sent {} bytes in a slot of {}", endpoint_.describe(peer_),
       flag.bytes, shape_.slot_bytes);
}

void RingPair::wake_peer() const {
  if (p2p::has_left(*path_))
    fail(ErrorCode::peer_failed, "{} failed: it has left", endpoint_.describe(peer_));
  wake(*path_);
}

}  // namespace weft::p2p
