// Started calls: of a collective the operation, and where it announces its buffers the exchange
// before it.
#pragma once

#include <vector>

#include "base/request.h"
#include "communicator/impl.h"

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
