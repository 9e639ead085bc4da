// Who is gone, and why: the one table of it. Transports and protocols report to it, and whoever
// waits for a peer asks it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "transport/failure_listener.h"

namespace weft::links {

struct Failure {
  std::string cause;
  std::int64_t when_ns = 0;  // of the table's clock
};

// Peers go by the numbers that transports know them by.
class Failures final : public FailureListener {
 public:
  // `clock` outlives it.
  Failures(const Clock& clock, int peers)
      : clock_(clock), routes_(static_cast<std::size_t>(peers)) {}
  Failures(const Failures&) = delete;
  Failures& operator=(const Failures&) = delete;

  // A peer is reached over this transport from now on: what others report of it does not matter.
  void route(int peer, const std::string& transport) {
    routes_[static_cast<std::size_t>(peer)] = transport;
  }
  // The first report of a transport stays.
  void peer_failed(const std::string& transport, int peer, const std::string& cause) override;
  // A peer is gone, whatever reaches it.
  void note(int peer, const std::string& cause) { peer_failed(kAnyTransport, peer, cause); }
  // Every peer is.
  void note_all(const std::string& cause) { peer_failed(kAnyTransport, kEveryPeer, cause); }
  // The peer's number is given to another.
  void forget(int peer);

  // Whether there is anything in the table: spares the question below.
  bool any() const { return !failures_.empty(); }
  // Null while the peer is not gone. Valid until forget().
  const Failure* of(int peer) const;
  // How many reports there were: who has seen as many has seen all.
  std::uint64_t reports() const { return reports_; }

 private:
  static constexpr int kEveryPeer = -1;
  static constexpr const char* kAnyTransport = "";
  const Failure* find(const std::string& transport, int peer) const;

  const Clock& clock_;
  std::vector<std::string> routes_;  // by peer; empty: none yet
  std::map<std::pair<int, std::string>, Failure> failures_;
  std::uint64_t reports_ = 0;
};

}  // namespace weft::links
