#include "progress/idle_strategy.h"

namespace weft {

IdleDurations durations_of(WaitPolicy policy, bool costly) {
  constexpr std::int64_t kMicrosecond = 1000;
  switch (policy) {
    case WaitPolicy::automatic:
    case WaitPolicy::spin:
      return {.poll_ns = 20 * kMicrosecond, .yield_ns = 1000 * kMicrosecond};
    case WaitPolicy::yield:
      return {.poll_ns = 0, .yield_ns = 2000 * kMicrosecond, .polls_before_yield = costly ? 1 : 4};
    case WaitPolicy::block:
      return {.poll_ns = 5 * kMicrosecond, .yield_ns = 0};
  }
  return {};
}

Pause IdleStrategy::next(std::int64_t now_ns) {
  if (since_ns_ < 0) since_ns_ = now_ns;
  const std::int64_t waited = now_ns - since_ns_;
  polls_ = 0;
  if (waited < durations_.poll_ns) return Pause::poll;
  polls_per_look_ = 1;  // a yield or a sleep costs more than a clock
  return waited < durations_.poll_ns + durations_.yield_ns ? Pause::yield : Pause::sleep;
}

}  // namespace weft
