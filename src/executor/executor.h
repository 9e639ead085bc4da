// Runs operations in the order they were started, on the caller's thread: no thread of its own, no
// lock.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "base/background.h"
#include "base/patience.h"
#include "base/sleeper.h"
#include "executor/operation.h"
#include "executor/world.h"

namespace weft::executor {

class Executor {
 public:
  // `world` outlives the executor.
  explicit Executor(const World& world, std::chrono::nanoseconds timeout);

  // Puts an operation at the end of the queue and moves things on. Neither allocates nor makes a
  // system call on its way. The operation stays where it is in memory until it is complete. Throws
  // Error(poisoned) after a failure.
  void start(Operation* operation);

  // Moves things on; true when the operation is complete. Throws what it met.
  bool test(Operation* operation);

  // Returns when it is complete. Throws Error(timeout) after `timeout`, Error(peer_failed),
  // Error(mismatch); the executor is poisoned then.
  void wait(Operation* operation, std::chrono::nanoseconds timeout);
  void wait(Operation* operation) { wait(operation, timeout_); }

  std::chrono::nanoseconds timeout() const { return timeout_; }
  bool poisoned() const { return poison_code_ != ErrorCode::ok; }
  bool idle() const { return head_ == nullptr; }

  // A transport reports that a peer (or, -1, every peer) is gone. Only remembered here: it matters
  // to who waits for that peer.
  void peer_failed(int peer, const std::string& cause);
  // What was reported of a peer; null: nothing.
  const std::string* failure_of(int peer) const;

  // Moves queued operations and backgrounds on. Throws what operations met.
  int move_on() { return head_ == nullptr ? move_backgrounds() : progress(); }
  // Moved on by move_on() and by every wait of this executor, until it is removed.
  void add_background(Background* background) { backgrounds_.push_back(background); }
  void remove_background(Background* background) { std::erase(backgrounds_, background); }
  Sleeper& sleeper() { return sleeper_; }
  // Polls all transports where that was not done for a while: peers that ended are noticed so.
  void poll_transports(std::int64_t now_ns);

 private:
  memory::Control& control() { return *reinterpret_cast<memory::Control*>(world_.pad); }
  int progress();
  int move_backgrounds() {
    int moved = 0;
    for (Background* background : backgrounds_) {
      if (background->active > 0) moved += background->move_on();
    }
    return moved;
  }
  bool awaits_mapped(const Operation& operation) const;
  bool needs_transports(const Operation& operation);
  int advance_or_give_up(Operation* operation, LaneState* lane);
  void begin(Operation* operation);
  void finish_head();
  void publish(const Operation& operation);

  // The slow path of a wait, in watch.cc: everything that is looked at now and then.
  void look_around(Operation* operation, std::int64_t started_ns, std::int64_t now_ns,
                   std::chrono::nanoseconds timeout);
  void check_failures(Operation* operation);
  void check_poison(Operation* operation);
  void check_mismatch(Operation* operation);
  [[noreturn]] void give_up(ErrorCode code, const std::string& message, int blamed);
  void throw_if_poisoned() const;
  int awaited_peer(const Operation& operation) const;
  std::string story(const Operation& operation) const;
  void tell_awaited();
  int awaited_by(int peer) const;
  std::string what_peer_does(int peer) const;
  std::string chain_from(int peer, int* last) const;

  const World& world_;
  const PatienceLimits patience_limits_;
  std::chrono::nanoseconds timeout_;
  Sleeper sleeper_;
  std::vector<Background*> backgrounds_;
  unsigned spared_ = 0;  // polls of transports, in a row
  Operation* head_ = nullptr;
  Operation* tail_ = nullptr;
  std::uint64_t sequence_ = 0;
  std::uint64_t epochs_[memory::kLanes] = {};
  std::int64_t looked_ns_ = 0;  // when transports were polled last
  unsigned tests_ = 0;
  std::int64_t test_started_ns_ = 0;
  std::map<int, std::string> failed_peers_;
  ErrorCode poison_code_ = ErrorCode::ok;
  std::string poison_message_;
};

}  // namespace weft::executor
