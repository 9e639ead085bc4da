#include "p2p/rings/channel_end.h"

#include "base/error.h"
#include "p2p/wait.h"

namespace weft::p2p {

void ChannelEnd::nudge() {
  constexpr unsigned kPollsPerLook = 1024;
  ring_.tell();
  const bool looks = ++nudges_ % kPollsPerLook == 0;
  if (!ring_.mapped() || looks) endpoint_.progress();
  if (!looks) return;
  endpoint_.look(endpoint_.clock().now_ns());
  const std::string* cause = endpoint_.failure(ring_.peer());
  Front front;
  if (cause == nullptr || (ring_.held() < ring_.shape().slots && ring_.front(&front))) return;
  fail(ErrorCode::peer_failed, "channel: {} failed: {}", endpoint_.describe(ring_.peer()), *cause);
}

void* ChannelEnd::await_slot(std::chrono::nanoseconds timeout) {
  await(endpoint_, {"Channel::acquire", ring_.peer()}, timeout, [&] {
    acquired_ = ring_.try_acquire();
    return acquired_ != nullptr;
  });
  return acquired_;
}

void ChannelEnd::await_push() {
  await(endpoint_, {"Channel::commit", ring_.peer()}, endpoint_.timeout(),
        [&] { return ring_.push(); });
}

void ChannelEnd::refuse_commit(std::size_t bytes) const {
  if (acquired_ == nullptr)
    fail(ErrorCode::invalid_argument, "Channel::commit: no slot is acquired");
  fail(ErrorCode::invalid_argument, "Channel::commit: {} bytes in a slot of {}", bytes,
       slot_bytes());
}

void ChannelEnd::refuse_release() {
  fail(ErrorCode::invalid_argument, "Channel::release: no slot is held");
}

Channel::Slot ChannelEnd::receive(std::chrono::nanoseconds timeout) {
  if (ring_.held() == ring_.shape().slots) {
    fail(ErrorCode::invalid_argument, "Channel::receive: all {} slots are held; release() one",
         ring_.held());
  }
  Channel::Slot slot = take();
  if (slot.data != nullptr) return slot;
  ring_.tell();
  await(endpoint_, {"Channel::receive", ring_.peer()}, timeout, [&] {
    slot = take();
    return slot.data != nullptr;
  });
  return slot;
}

}  // namespace weft::p2p
