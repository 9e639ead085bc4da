/// An operation that a call started and did not wait for.
#pragma once

#include <weft/export.h>
#include <weft/handle.h>
#include <weft/message.h>

#include <chrono>

namespace weft {

/// A started operation. Move-only. An empty request (by default, or moved from) counts as complete.
/// The end of an unfinished request waits for it, within the communicator's time-out, and drops its
/// errors. It must end before the communicator or engine that made it.
class WEFT_API Request {
 public:
  /// Advances operations and returns whether this one is complete. Does not block. Throws the error
  /// that the operation met.
  bool test();
  /// Blocks until the operation is complete. Throws the error that the operation met, and
  /// Error(timeout) after `timeout` (default: the communicator's).
  void wait();
  void wait(std::chrono::nanoseconds timeout);
  /// The message that recv_async() received, once the request is complete.
  Received received() const;

  struct State;

 private:
  friend class Communicator;
  friend class Engine;
  detail::Handle<State> state_;
};

}  // namespace weft
