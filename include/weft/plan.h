/// A collective that is prepared once and started many times.
#pragma once

#include <weft/export.h>
#include <weft/handle.h>

#include <chrono>
#include <cstddef>
#include <string>

namespace weft {

/// How Communicator::plan_all_reduce() makes a plan. Every rank must pass the same.
struct PlanOptions {
  /// Chooses what runs the planned count by timing: the candidates that cost least by weft's model
  /// run on these ranks for a few milliseconds in all, and the one that is fastest at the slowest
  /// rank wins, at every rank alike. Counts of a smaller power of two are chosen by the model. The
  /// timed calls use memory of weft's own, of the same kind as the buffers; the buffers stay
  /// untouched. Nothing is timed if an option or prefer() names the algorithm.
  bool measure = false;
};

/// A collective that is prepared once and started many times. start() allocates nothing, takes no
/// lock and makes no system call of weft's own. Move-only. It must end before its communicator, and
/// its buffers must outlive it: they are registered with the devices that read them. The operations
/// of a communicator run in the order in which they were started. Every call of an empty plan
/// throws Error(invalid_argument).
class WEFT_API Plan {
 public:
  /// Starts the collective with the planned count, or with a smaller one. Every rank must pass the
  /// same count. Does not block. Throws Error(invalid_argument) for a larger count and while the
  /// previous start is not complete, Error(poisoned) after a failure of the communicator.
  void start();
  void start(std::size_t count);
  /// Advances operations and returns whether the last start is complete. Does not block. Throws the
  /// error that the operation met.
  bool test();
  /// Blocks until the last start is complete. Throws the error that the operation met, and
  /// Error(timeout) after `timeout` (default: the communicator's).
  void wait();
  void wait(std::chrono::nanoseconds timeout);
  /// What runs for a count, for people and tests: "two_shot, bulk, direct, 1 lane, 1 pass".
  std::string describe(std::size_t count) const;

  struct State;

 private:
  friend class Communicator;
  detail::Handle<State> state_;
};

}  // namespace weft
