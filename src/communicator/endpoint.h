// The ranks of a communicator as point-to-point sees them.
#pragma once

#include "communicator/allocations.h"
#include "executor/executor.h"
#include "p2p/endpoint.h"
#include "p2p/messenger.h"

namespace weft {

class RankEndpoint final : public p2p::Endpoint {
 public:
  // All outlives it.
  RankEndpoint(const executor::World& world, executor::Executor& executor,
               const Allocations& allocations);

  int self() const override { return world_.rank; }
  int peers() const override { return world_.ranks; }
  const p2p::Path& path(int peer) const override { return paths_[static_cast<std::size_t>(peer)]; }
  std::string describe(int peer) const override;
  const std::string* failure(int peer) const override { return executor_.failure_of(peer); }
  p2p::SharedPlace locate(const void* address, std::size_t bytes) const override;
  std::byte* mapped(int peer, const p2p::SharedPlace& place, std::size_t bytes) const override;
  int progress() override;
  void look(std::int64_t now_ns) override { executor_.poll_transports(now_ns); }
  void sleep(std::chrono::nanoseconds limit, const std::function<bool()>& ready) override {
    executor_.sleeper().sleep(limit, ready);
  }
  const Clock& clock() const override { return *world_.clock; }
  const PatienceLimits& patience() const override { return patience_; }
  std::chrono::nanoseconds timeout() const override { return executor_.timeout(); }

 private:
  const executor::World& world_;
  executor::Executor& executor_;
  const Allocations& allocations_;
  const PatienceLimits patience_;
  std::vector<p2p::Path> paths_;
};

// The parts of two ranks' pads that messages between them arrive in.
p2p::MailboxMemory mailbox_memory(const executor::World& world, int peer);

}  // namespace weft
