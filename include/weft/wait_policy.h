/// How a process waits for its peers.
#pragma once

#include <chrono>
#include <cstdint>

namespace weft {

/// How a rank waits for its peers.
enum class WaitPolicy : std::uint8_t {
  automatic,  ///< `spin` if every local rank has a core of its own, `yield` if there are more ranks
              ///< than cores
  spin,       ///< polls for 20 us, yields the core for 1 ms, then sleeps: lowest latency
  yield,      ///< yields the core for 2 ms at once, then sleeps: for more ranks than cores
  block,      ///< polls for 5 us, then sleeps: lowest processor use
};

/// For how long a rank that waits polls, and for how long it then yields its core, before it
/// sleeps. A yield that comes back late has given a time slice to somebody who computes: a rank
/// that polls first, as one with a core of its own does, then sleeps instead of yielding for a
/// while, since who is woken gets the core at once.
struct WaitDurations {
  std::chrono::nanoseconds poll{};
  std::chrono::nanoseconds yield{};
};

}  // namespace weft
