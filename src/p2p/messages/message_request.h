// Messages as a Request: what send_async() and recv_async() return; and what all calls of messages
// check.
#pragma once

#include <chrono>

#include "base/error.h"
#include "base/request.h"
#include "p2p/messages/matching.h"
#include "p2p/messages/messenger.h"

namespace weft::p2p {

template <typename Message>
struct MessageRequest final : Request::State {
  // `started` by the messenger, which lives as long as `owner`.
  MessageRequest(Messenger& messenger, Message* started, std::chrono::nanoseconds timeout,
                 std::shared_ptr<void> owner)
      : owner_(std::move(owner)), messenger_(messenger), message_(started), timeout_(timeout) {}
  ~MessageRequest() override {
    try {
      const bool waits_for_nobody = withdrawable();
      if (!waits_for_nobody) wait(timeout_);
    } catch (const Error&) {
      // Nobody is left to hear of it.
    }
    messenger_.forget(message_);
  }

  bool test() override { return messenger_.test(message_); }
  void wait(std::chrono::nanoseconds timeout) override { messenger_.wait(message_, timeout); }
  std::chrono::nanoseconds default_timeout() const override { return timeout_; }
  Received received() const override {
    if constexpr (requires { message_->received; }) return message_->received;
    return {};
  }

 private:
  // A receive that no message was found for.
  bool withdrawable() const {
    if constexpr (requires { message_->received; })
      return !message_->outcome.done && message_->number == 0;
    return false;
  }

  const std::shared_ptr<void> owner_;
  Messenger& messenger_;
  Message* message_;
  const std::chrono::nanoseconds timeout_;
};

inline void check_buffer(const char* call, const void* data, std::size_t bytes) {
  if (data == nullptr && bytes > 0)
    fail(ErrorCode::invalid_argument, "{}: a null buffer for {} bytes", call, bytes);
}

inline void check_tag(const char* call, int tag, bool any) {
  if ((any && tag == kAnyTag) || (tag >= 0 && tag < kFirstOwnTag)) return;
  fail(ErrorCode::invalid_argument, "{}: tag {}; tags are 0 to {}", call, tag, kFirstOwnTag - 1);
}

}  // namespace weft::p2p
