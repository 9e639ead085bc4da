// How long a waiting process polls, then yields its core, then sleeps. (Aeron's word and idea.)
#pragma once

#include <sched.h>
#include <weft/wait_policy.h>

#include <cstdint>
#include <optional>

#include "base/clock.h"
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

// `chosen`: in place of the policy's. `costly`: a poll may be a system call.
IdleDurations durations_of(WaitPolicy policy, const std::optional<WaitDurations>& chosen = {},
                           bool costly = false);

// What all waits of a process have in common.
struct Idling {
  IdleDurations durations;
  // Until then others compute on this core, as far as is known: a yield would give them a time
  // slice, which a sleeper that is woken does not have to wait for.
  std::int64_t crowded_until_ns = 0;

  // The calling thread has yielded its core.
  void yielded(std::int64_t before_ns, std::int64_t after_ns);
};

// The state of one wait. It reads the clock only now and then.
class IdleStrategy {
 public:
  // `idling` outlives it.
  explicit IdleStrategy(Idling& idling) : idling_(idling) { reset(); }
  // The stores of a copy would delay the first load of a wait.
  IdleStrategy(const IdleStrategy&) = delete;
  IdleStrategy& operator=(const IdleStrategy&) = delete;

  // Something moved: begin anew.
  void reset() {
    polls_ = 0;
    polls_per_look_ = idling_.durations.polls_per_look();
    since_ns_ = -1;
  }
  // Polls without success until the next look at the clock, and at deadlines and failures.
  int polls_per_look() const { return polls_per_look_; }
  // Whether the caller, who counts nothing by itself, should look now.
  bool due() { return ++polls_ >= polls_per_look_; }

  // After a look: does what is to be done now. `sleep` sleeps until something happens.
  template <class Sleep>
  void rest(const Clock& clock, std::int64_t now_ns, const Sleep& sleep) {
    switch (next(now_ns)) {
      case Pause::poll:
        return cpu_pause();
      case Pause::yield:
        sched_yield();
        return idling_.yielded(now_ns, clock.now_ns());
      case Pause::sleep:
        return sleep();
    }
  }
  // What is to be done, given the time.
  Pause next(std::int64_t now_ns);

 private:
  Idling& idling_;
  int polls_per_look_ = 1;
  int polls_ = 0;
  std::int64_t since_ns_ = -1;
};

}  // namespace weft
