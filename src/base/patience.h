// How long a waiting rank polls, then yields its core, then sleeps.
#pragma once

#include <sched.h>
#include <weft/wait_policy.h>

#include <cstdint>

#include "base/cpu.h"

namespace weft {

// What to do now.
enum class Pause : std::uint8_t { poll, yield, sleep };

struct PatienceLimits {
  std::int64_t poll_ns = 0;
  std::int64_t yield_ns = 0;   // after that
  int polls_before_yield = 4;  // where it does not poll for a time
};

// `costly`: a poll may be a system call.
PatienceLimits limits_of(WaitPolicy policy, bool costly = false);

// One wait's patience. Time is asked for only now and then: polls are cheaper than clocks.
class Patience {
 public:
  // `limits` outlives it: a copy would be stores that a load must wait for, behind a packet on its
  // way.
  explicit Patience(const PatienceLimits& limits) : limits_(limits) { reset(); }

  // Something moved: begin anew.
  void reset() {
    polls_ = 0;
    polls_per_look_ = limits_.poll_ns > 0 ? kPollsPerLook : limits_.polls_before_yield;
    since_ns_ = -1;
  }
  // Whether the caller should look at the clock (and at deadlines and failures) now.
  bool due() { return ++polls_ >= polls_per_look_; }
  // What to do, given the time.
  Pause next(std::int64_t now_ns);

 private:
  static constexpr int kPollsPerLook = 128;
  const PatienceLimits& limits_;
  int polls_per_look_ = kPollsPerLook;
  int polls_ = 0;
  std::int64_t since_ns_ = -1;
};

// Does what a pause says; `sleep` where it is that.
template <class Sleep>
void rest(Pause pause, const Sleep& sleep) {
  switch (pause) {
    case Pause::poll:
      return cpu_pause();
    case Pause::yield:
      sched_yield();
      return;
    case Pause::sleep:
      return sleep();
  }
}

}  // namespace weft
