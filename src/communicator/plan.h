// What a Plan holds.
#pragma once

#include <vector>

#include "communicator/impl.h"
#include "communicator/registered.h"

namespace weft {

// Holds a program for each size class up to the planned maximum, so that start() with any count
// only recuts the blocks.
struct Plan::State {
  State(Communicator::Impl& owner, const Invocation& call);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void register_buffers();
  void start(std::size_t count);
  // What start(count) runs.
  executor::Launch launch(std::size_t count) const;

  Communicator::Impl& communicator;
  Invocation invocation;
  PeerBuffers peers;
  bool direct = false;
  Registered input, output;
  std::vector<const executor::Program*> programs;  // by size class
  executor::Operation operation;
};

}  // namespace weft
