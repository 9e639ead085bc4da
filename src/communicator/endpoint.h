// The ranks of a communicator as point-to-point sees them.
#pragma once

#include "communicator/memory/allocations.h"
#include "executor/executor.h"
#include "p2p/endpoint.h"
#include "p2p/messages/messenger.h"

namespace weft {

class RankEndpoint final : public p2p::Endpoint, Poller {
 public:
  // All outlives it.
  RankEndpoint(const executor::World& world, links::Links& links,
               const executor::Executor& executor, const Allocations& allocations);
  ~RankEndpoint() override;

  int self() const override { return world_.rank; }
  int peers() const override { return world_.ranks; }
  const p2p::Path& path(int peer) const override { return paths_[static_cast<std::size_t>(peer)]; }
  std::string describe(int peer) const override;
  const std::string* failure(int peer) const override { return executor_.absence().of(peer); }
  p2p::SharedPlace locate(const void* address, std::size_t bytes) const override;
  std::byte* mapped(int peer, const p2p::SharedPlace& place, std::size_t bytes) const override;
  std::chrono::nanoseconds timeout() const override { return executor_.timeout(); }

 private:
  int poll() override { return 0; }
  void look(std::int64_t /*now_ns*/) override {
    if (executor_.absence().any()) note_loss();
  }

  const executor::World& world_;
  const executor::Executor& executor_;
  const Allocations& allocations_;
  std::vector<p2p::Path> paths_;
};

// The parts of two ranks' segments that messages between them arrive in.
p2p::MailboxMemory mailbox_memory(const executor::World& world, int peer);

}  // namespace weft
