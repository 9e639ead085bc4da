// Started calls.
#pragma once

#include "base/request.h"
#include "communicator/collectives/meeting.h"

namespace weft {

struct CollectiveRequest final : Request::State {
  // Starts the call. `invocation` was checked.
  CollectiveRequest(Communicator::Impl& communicator, const Invocation& invocation);
  ~CollectiveRequest() override;

  bool test() override { return communicator.executor->test(&operation); }
  void wait(std::chrono::nanoseconds timeout) override {
    communicator.executor->wait(&operation, timeout);
  }
  std::chrono::nanoseconds default_timeout() const override {
    return communicator.executor->timeout();
  }

  const std::shared_ptr<Communicator::Impl> keeps;  // as long as this lives
  Communicator::Impl& communicator;
  executor::Operation operation;

 private:
  std::unique_ptr<Meeting> meeting_;  // of a call whose buffers may be mapped
};

}  // namespace weft
