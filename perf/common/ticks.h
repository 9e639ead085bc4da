// A clock that is cheap to read: the processor's counter where it has one that runs evenly.
//
// std::chrono's clock costs 20 to 30 ns a read, the counter below 10. A call that is timed by
// itself includes one read.
#pragma once

#include <chrono>
#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace weft::perf {

inline std::uint64_t ticks_now() {
#if defined(__x86_64__)
  return __rdtsc();
#else
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch() /
                                    std::chrono::nanoseconds(1));
#endif
}

// Measured against std::chrono's clock at the first call, which takes 2 ms.
double seconds_per_tick();

}  // namespace weft::perf
