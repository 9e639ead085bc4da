#include "progress/idle_strategy.h"

namespace weft {
namespace {

IdleDurations usual(WaitPolicy policy) {
  constexpr std::int64_t kMicrosecond = 1000;
  switch (policy) {
    case WaitPolicy::automatic:
    case WaitPolicy::spin:
      return {.poll_ns = 20 * kMicrosecond, .yield_ns = 1000 * kMicrosecond};
    case WaitPolicy::yield:
      return {.poll_ns = 0, .yield_ns = 2000 * kMicrosecond};
    case WaitPolicy::block:
      return {.poll_ns = 5 * kMicrosecond, .yield_ns = 0};
  }
  return {};
}

}  // namespace

IdleDurations durations_of(WaitPolicy policy, const std::optional<WaitDurations>& chosen,
                           bool costly) {
  IdleDurations durations = usual(policy);
  if (chosen) {
    durations.poll_ns = chosen->poll.count();
    durations.yield_ns = chosen->yield.count();
  }
  if (costly) durations.polls_before_yield = 1;
  return durations;
}

void Idling::yielded(std::int64_t before_ns, std::int64_t after_ns) {
  // A scheduler's slice is some milliseconds; what a peer on the same core does before it waits
  // itself mostly takes less than this.
  constexpr std::int64_t kLateNs = 500'000;
  // Another try costs a slice.
  constexpr std::int64_t kCrowdedNs = 500'000'000;
  // Who does not poll shares its core with other ranks, and these are what it yields to.
  const bool own_core = durations.poll_ns > 0;
  if (own_core && after_ns - before_ns > kLateNs) crowded_until_ns = after_ns + kCrowdedNs;
}

Pause IdleStrategy::next(std::int64_t now_ns) {
  const IdleDurations& durations = idling_.durations;
  if (since_ns_ < 0) since_ns_ = now_ns;
  const std::int64_t waited = now_ns - since_ns_;
  polls_ = 0;
  if (waited < durations.poll_ns) return Pause::poll;
  polls_per_look_ = 1;  // a yield or a sleep costs more than a clock
  const bool yields = waited < durations.poll_ns + durations.yield_ns;
  return yields && now_ns >= idling_.crowded_until_ns ? Pause::yield : Pause::sleep;
}

}  // namespace weft
