// Waiting for a peer: polls, then yields the core, then sleeps; ends by a deadline or when the peer
// is gone.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/cpu.h"
#include "p2p/endpoint.h"

namespace weft::p2p {

// What is waited for, for messages.
struct Awaited {
  const char* call = "";  // "recv"
  int peer = -1;          // -1: any
};

// The slow part of a wait.
class Waiter {
 public:
  Waiter(Endpoint& endpoint, const Awaited& awaited, std::chrono::nanoseconds timeout)
      : endpoint_(endpoint), awaited_(awaited), timeout_(timeout), idle_(endpoint.idling()) {}

  // One turn without success. Throws Error(timeout), and Error(peer_failed) once `ready` still says
  // no after the peer's end was noticed.
  void turn(const std::function<bool()>& ready);

 private:
  std::int64_t check(const std::function<bool()>& ready);
  const std::string* failure(int* peer) const;

  Endpoint& endpoint_;
  const Awaited awaited_;
  const std::chrono::nanoseconds timeout_;
  IdleStrategy idle_;
  std::int64_t started_ns_ = -1;
  unsigned moves_ = 0;
};

// Returns once ready() is true, which may take what it waits for: it is not asked again then. Moves
// the endpoint on in between.
template <typename Ready>
void await(Endpoint& endpoint, const Awaited& awaited, std::chrono::nanoseconds timeout,
           const Ready& ready) {
  // A mapped peer's answer comes by itself: as a rule while this still spins. Long enough that two
  // ranks who meet late do not stay in the slow part for good.
  constexpr int kRounds = 16;
  constexpr int kSteps = 1024;
  if (awaited.peer >= 0 && endpoint.path(awaited.peer).load_store &&
      endpoint.idling().durations.poll_ns > 0) {
    for (int round = 0; round < kRounds; ++round) {
      if (spin(kSteps, poll_pauses(), ready)) return;
      endpoint.progress();
    }
  }
  bool done = false;
  const std::function<bool()> asked = [&] { return done || (done = ready()); };
  if (asked()) return;
  Waiter waiter(endpoint, awaited, timeout);
  while (!asked()) waiter.turn(asked);
}

}  // namespace weft::p2p
