// An engine's peers as point-to-point sees them.
#pragma once

#include <string>
#include <vector>

#include "base/background.h"
#include "base/sleeper.h"
#include "engine/links.h"
#include "p2p/endpoint.h"

namespace weft::engine {

class PeerEndpoint final : public p2p::Endpoint {
 public:
  // `word`: in the pad, what peers wake this process by. All outlives it.
  PeerEndpoint(Links& links, const Transports& transports, std::atomic<std::uint32_t>& word,
               WaitPolicy policy, const Clock& clock, std::chrono::nanoseconds timeout);

  void add_background(Background* background) { backgrounds_.push_back(background); }

  int self() const override { return 0; }
  int peers() const override { return links_.numbers(); }
  const p2p::Path& path(int peer) const override { return links_.path(peer); }
  std::string describe(int peer) const override { return links_.describe(peer); }
  const std::string* failure(int peer) const override;
  // Memory of engines is not shared by place.
  p2p::SharedPlace locate(const void*, std::size_t) const override { return {}; }
  std::byte* mapped(int, const p2p::SharedPlace&, std::size_t) const override { return nullptr; }
  int progress() override;
  void look(std::int64_t now_ns) override;
  void sleep(std::chrono::nanoseconds limit, const std::function<bool()>& ready) override;
  const Clock& clock() const override { return clock_; }
  const PatienceLimits& patience() const override { return patience_; }
  std::chrono::nanoseconds timeout() const override { return timeout_; }

 private:
  Links& links_;
  const Clock& clock_;
  const std::chrono::nanoseconds timeout_;
  const PatienceLimits patience_;
  Sleeper mapped_sleeper_;  // while all peers are mapped
  Sleeper polling_sleeper_;
  std::vector<Background*> backgrounds_;
  std::int64_t looked_ns_ = 0;
};

}  // namespace weft::engine
