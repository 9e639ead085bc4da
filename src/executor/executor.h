// Runs operations in the order they were started, on the caller's thread: no thread of its own, no
// lock.
#pragma once

#include <array>
#include <chrono>
#include <string>

#include "executor/absence.h"
#include "executor/distances.h"
#include "executor/operation.h"
#include "executor/outbox.h"
#include "executor/world.h"
#include "links/links.h"

namespace weft::executor {

class Executor final : public Poller {
 public:
  // All outlives it. Whoever waits at links.progress moves the executor's operations on.
  Executor(const World& world, links::Links& links, std::chrono::nanoseconds timeout);
  ~Executor() override;

  // Puts an operation at the end of the queue and moves things on. Neither allocates nor makes a
  // system call on its way. The operation stays where it is in memory until it has ended. Throws
  // Error(poisoned) after a failure and Error(unsupported) in a forked child, and nothing else:
  // what the operation meets is its own.
  void start(Operation* operation);

  // Moves things on; true when the operation is complete. Throws what ended it otherwise.
  bool test(Operation* operation);

  // Returns when it is complete. Throws what ended it otherwise: Error(mismatch), or
  // Error(timeout) after `timeout`, Error(peer_failed), after which the executor is poisoned.
  void wait(Operation* operation, std::chrono::nanoseconds timeout);
  void wait(Operation* operation) { wait(operation, timeout_); }
  // Both in one.
  void start_and_wait(Operation* operation) {
    start(operation);
    finish(operation, timeout_);
  }

  // Ends all operations with this error and refuses new ones; tells the peers. `blamed`: the rank
  // that they should name; -1: none.
  void give_up(ErrorCode code, const std::string& message, int blamed);

  std::chrono::nanoseconds timeout() const { return timeout_; }
  // Why ranks do not answer any more.
  const Absence& absence() const { return absence_; }

  int poll() override { return run(false); }
  void look(std::int64_t /*now_ns*/) override { absence_.look(); }

 private:
  memory::Control& control() { return *reinterpret_cast<memory::Control*>(world_.segment); }
  bool poisoned() const { return poison_code_ != ErrorCode::ok; }
  // A turn of a wait for an operation. Whatever else is under way moves while this one does not.
  int turn() {
    const int moved = run(links_.progress.calls_transports());
    return moved > 0 ? moved : links_.progress.poll_others(this);
  }
  unsigned spin(const Operation& operation, int polls);
  void finish(Operation* operation, std::chrono::nanoseconds timeout);
  void wait_long(Operation* operation, std::chrono::nanoseconds timeout);
  int run(bool calls_transports);
  [[gnu::always_inline]] inline int run_lanes(Operation* operation);
  bool awaits_mapped(const Operation& operation);
  bool needs_transports(const Operation& operation);
  bool begin(Operation* operation);
  void begin_trailing(Operation* operation);
  bool prepare(Operation* operation);
  void finish_head();
  [[gnu::always_inline]] inline void publish(const Operation& operation);

  // The slow path of a wait, in watch.cc: everything that is looked at now and then.
  void look_around(Operation* operation, std::int64_t started_ns, std::int64_t now_ns,
                   std::chrono::nanoseconds timeout);
  void check_failures(Operation* operation);
  void check_poison(Operation* operation);
  void check_mismatch(Operation* operation);
  void check_deadline(std::int64_t waited_ns);
  void end_all(ErrorCode code, const std::string& message);
  void tell_poisoned(int blamed);
  void cut_off_unfinished(const std::string& cause);
  void throw_if_poisoned() const;
  int awaited_peer(const Operation& operation) const;
  int absent_peer();
  std::string story(const Operation& operation) const;
  void tell_awaited();
  int awaited_by(int peer) const;
  std::string what_peer_does(int peer) const;
  std::string chain_from(int peer, int* last) const;

  const World& world_;
  links::Links& links_;
  std::chrono::nanoseconds timeout_;
  Outbox outbox_;
  Absence absence_;
  unsigned spared_ = 0;  // polls of transports, in a row
  Operation* head_ = nullptr;
  Operation* tail_ = nullptr;
  std::uint64_t sequence_ = 0;
  std::uint64_t epochs_[memory::kLanes] = {};
  std::uint64_t turns_[memory::kLanes] = {};
  std::array<Staging, memory::kLanes> scratch_;
  Staging packets_;
  Trail trail_;
  Distances distances_;
  unsigned tests_ = 0;
  std::int64_t test_started_ns_ = 0;
  ErrorCode poison_code_ = ErrorCode::ok;
  std::string poison_message_;
};

}  // namespace weft::executor
