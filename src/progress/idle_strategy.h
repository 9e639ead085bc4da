// How long a waiting process polls, then yields its core, then sleeps. (Aeron's word and idea.)
#pragma once

#include <sched.h>
#include <weft/wait_policy.h>

#include <cstdint>

#include "base/cpu.h"

namespace weft {

// What to do now.
enum class Pause : std::uint8_t { poll, yield, sleep };

struct IdleDurations {
  std::int64_t poll_ns = 0;
  std::int64_t yield_ns = 0;   // after that
  int polls_before_yield = 4;  // if it does not poll for a time

  // Between two looks at the clock: polls are cheaper than clocks.
  int polls_per_look() const { return poll_ns > 0 ? 128 : polls_before_yield; }
};

// `costly`: a poll may be a system call.
IdleDurations durations_of(WaitPolicy policy, bool costly = false);

// The state of one wait. It reads the clock only now and then.
class IdleStrategy {
 public:
  // `durations` outlives it. It is not copied: the stores of a copy would delay the first load of a
  // wait.
  explicit IdleStrategy(const IdleDurations& durations) : durations_(durations) { reset(); }

  // Something moved: begin anew.
  void reset() {
    polls_ = 0;
    polls_per_look_ = durations_.polls_per_look();
    since_ns_ = -1;
  }
  // Whether the caller should look at the clock (and at deadlines and failures) now.
  bool due() { return ++polls_ >= polls_per_look_; }
  // What to do, given the time.
  Pause next(std::int64_t now_ns);

 private:
  const IdleDurations& durations_;
  int polls_per_look_ = 1;
  int polls_ = 0;
  std::int64_t since_ns_ = -1;
};

// Does what a pause says; `sleep` is called for Pause::sleep.
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
