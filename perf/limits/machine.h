// Limits of the machine that belong to no collective.
#pragma once

#include "perf/common/statistics.h"

#include <string>
#include <vector>

namespace weft::perf {

// Nanoseconds for one cache line from one core to another: half a round trip of a flag two threads
// pass to and fro. A sample is the mean of a thousand round trips.
Statistics cache_line_one_way(bool pin);

// How fast memory is copied.
struct CopyRate {
  std::string kernel;  // "memcpy" or "streaming"
  int threads = 1;
  std::size_t bytes = 0;     // per thread
  double gb_per_second = 0;  // bytes copied (read once, written once), all threads together
};

// In cache (256 KiB) and from memory (128 MiB), with one thread and two, each on buffers of its
// own.
std::vector<CopyRate> copy_rates(bool pin, double budget_seconds);

}  // namespace weft::perf
