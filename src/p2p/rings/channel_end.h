// One end of a channel: what weft::Channel promises, over a RingPair.
#pragma once

#include <weft/channel.h>

#include <chrono>

#include "p2p/endpoint.h"
#include "p2p/rings/ring_pair.h"

namespace weft::p2p {

class ChannelEnd {
 public:
  // As RingPair.
  ChannelEnd(Endpoint& endpoint, int peer, const SlotShape& shape, std::byte* own,
             const RemoteSpan& theirs)
      : endpoint_(endpoint), ring_(endpoint, peer, shape, own, theirs) {}

  int peer() const { return ring_.peer(); }
  std::size_t slot_bytes() const { return ring_.shape().slot_bytes; }

  void* try_acquire() {
    if (acquired_ == nullptr) {
      acquired_ = ring_.try_acquire();
      if (acquired_ == nullptr) nudge();
    }
    return acquired_;
  }
  void* acquire(std::chrono::nanoseconds timeout) {
    if (acquired_ == nullptr) acquired_ = ring_.try_acquire();
    return acquired_ != nullptr ? acquired_ : await_slot(timeout);
  }
  void commit(std::size_t bytes, std::uint32_t label) {
    if (acquired_ == nullptr || bytes > slot_bytes()) refuse_commit(bytes);
    acquired_ = nullptr;
    ring_.commit(static_cast<std::uint32_t>(bytes), 0, label);
    if (!ring_.push()) await_push();
  }

  Channel::Slot try_receive() {
    Channel::Slot slot = take();
    if (slot.data == nullptr) nudge();
    return slot;
  }
  Channel::Slot receive(std::chrono::nanoseconds timeout);
  void release() {
    if (ring_.held() == 0) refuse_release();
    ring_.release();
  }

 private:
  Channel::Slot take() {
    Front front;
    // A ring whose slots are all held has nothing new, whatever stands there.
    if (ring_.held() == ring_.shape().slots || !ring_.front(&front)) return {};
    ring_.take();
    return {front.data, front.bytes, front.label};
  }
  void* await_slot(std::chrono::nanoseconds timeout);
  void await_push();
  [[noreturn]] void refuse_commit(std::size_t bytes) const;
  [[noreturn]] static void refuse_release();
  // Who polls has to move things on: arrivals over the wire, slots given back unseen.
  void nudge();

  Endpoint& endpoint_;
  RingPair ring_;
  void* acquired_ = nullptr;
  unsigned nudges_ = 0;
};

}  // namespace weft::p2p
