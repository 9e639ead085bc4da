// An engine's peers as point-to-point sees them.
#pragma once

#include <chrono>
#include <string>

#include "engine/peers.h"
#include "p2p/endpoint.h"

namespace weft::engine {

class PeerEndpoint final : public p2p::Endpoint {
 public:
  // All outlives it.
  PeerEndpoint(const Peers& peers, links::Links& links, std::chrono::nanoseconds timeout)
      : Endpoint(links), peers_(peers), timeout_(timeout) {
    note_loss();  // there may always be one
  }

  int self() const override { return 0; }
  int peers() const override { return peers_.numbers(); }
  const p2p::Path& path(int peer) const override { return peers_.path(peer); }
  std::string describe(int peer) const override { return peers_.describe(peer); }
  const std::string* failure(int peer) const override {
    const Peer& that = peers_[peer];
    const bool gone = that.stage == Stage::down || that.stage == Stage::leaving;
    return gone ? &that.cause : nullptr;
  }
  // Memory of engines is not shared by place.
  p2p::SharedPlace locate(const void*, std::size_t) const override { return {}; }
  std::byte* mapped(int, const p2p::SharedPlace&, std::size_t) const override { return nullptr; }
  std::chrono::nanoseconds timeout() const override { return timeout_; }

 private:
  const Peers& peers_;
  const std::chrono::nanoseconds timeout_;
};

}  // namespace weft::engine
