// The parts an engine owns, and what its calls share.
#pragma once

#include <weft/engine.h>

#include <memory>
#include <string>
#include <vector>

#include "base/config.h"
#include "engine/endpoint.h"
#include "engine/peers.h"
#include "engine/shared_memory.h"
#include "p2p/access.h"
#include "p2p/messages/messenger.h"
#include "p2p/pages/pages.h"
#include "topology/host.h"

namespace weft {

struct Engine::Impl final : engine::PeerUser, std::enable_shared_from_this<Engine::Impl> {
  explicit Impl(const EngineOptions& options);
  ~Impl() override;

  void went_up(int number) override { messenger->open(number); }

  int add(const engine::Address& address);
  void remove(int peer, std::chrono::nanoseconds timeout);
  // Throws Error(invalid_argument) unless there is such a number.
  void check_number(const char* call, int peer) const;
  // Throws Error(peer_failed) as well unless the peer is up.
  void check_up(const char* call, int peer) const;
  bool is_up(int peer) const { return (*peers)[peer].stage == engine::Stage::up; }
  std::chrono::nanoseconds timeout() const { return config.timeout; }

  Config config;
  Log log;
  SteadyClock clock;
  topology::Host host;
  engine::Address self;
  std::unique_ptr<links::Links> links;  // outlives the transports
  std::unique_ptr<Transports> transports;
  std::unique_ptr<engine::SharedMemory> segment;
  std::unique_ptr<engine::Peers> peers;
  std::unique_ptr<engine::PeerEndpoint> endpoint;
  std::unique_ptr<p2p::Messenger> messenger;
  std::unique_ptr<p2p::PageMover> pages;

  // A peer's memory as it is used here.
  class Import {
   public:
    Import(Impl& engine, const char* call, int peer, const engine::MemoryOffer& offer);
    ~Import();
    Import(const Import&) = delete;
    Import& operator=(const Import&) = delete;

    // Throws Error(peer_failed) once the peer is gone, whoever has its number now.
    void check(const char* call) const;

    const std::shared_ptr<Impl> keeps;
    Impl& engine;
    const int peer;
    bool lost = false;  // its peer was removed or replaced
    p2p::Remote remote;
    p2p::Access access;

   private:
    transport::RemoteMemory memory_;
    transport::Transport& transport_;
  };
  std::vector<Import*> imports;

 private:
  void open_transports();
  void drain(int peer, std::chrono::nanoseconds timeout);
  // Ends everything that is under way with a peer that is down or leaving.
  void end(int peer);
};

}  // namespace weft
