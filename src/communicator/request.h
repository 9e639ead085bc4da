// A started call: the operation, and for a call that announces its buffers the exchange before it.
#pragma once

#include <vector>

#include "communicator/impl.h"

namespace weft {

struct Request::State {
  // Starts the call. A State stays where it is in memory. `invocation` was checked.
  State(Communicator::Impl& communicator, const Invocation& invocation);
  // Waits for an unfinished call, dropping errors.
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  Communicator::Impl& communicator;
  Invocation invocation;
  executor::Operation operation;

 private:
  // What a call needs whose buffers may be mapped.
  struct Announced {
    executor::Operation operation;
    Announcement mine;
    std::vector<Announcement> all;
    PeerBuffers peers;
  };

  void announce();
  void choose();  // once every announcement is there

  std::unique_ptr<Announced> announced_;
};

}  // namespace weft
