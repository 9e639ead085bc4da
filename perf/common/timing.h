// The iteration scheme all candidates share.
//
// A clock read costs up to tens of nanoseconds, as much as a tiny collective. So short calls are
// timed in batches of at least 10 us, and a sample is the mean of its batch: that gives the median.
// A batch would hide a slow call, so what is said of single calls (p99, p99.9, max) comes from
// calls timed one by one in a second pass (their median is off by one clock read, and not used).
// Calls of 10 us and more are all timed one by one.
//
// Every rank runs the same number of calls, back to back after one barrier; the times are rank 0's.
// For a collective whose root may run ahead (broadcast) that is the steady-state time per call, not
// the time until the last rank has the data.
#pragma once

#include "perf/common/candidate.h"
#include "perf/common/statistics.h"

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

namespace weft::perf {

struct Effort {
  double budget_seconds = 0.1;  // time per size and placement, where `iterations` is unset
  std::optional<std::size_t> iterations = {};  // timed calls
  std::optional<std::size_t> warmup = {};      // untimed calls before; default by size
};

struct Iterations {
  std::size_t batch = 1;    // calls per sample
  std::size_t batches = 0;  // samples
  std::size_t singles = 0;  // further calls timed one by one, where batch > 1
};

// How often to call something that takes `seconds_per_call`.
Iterations plan_iterations(double seconds_per_call, const Effort& effort);

// Untimed calls before the first sample.
std::size_t warmup_calls(std::size_t bytes, const Effort& effort);

struct Timing {
  Statistics microseconds;  // median, mad, mean and min per batch; p99, p99.9 and max per call;
                            // samples counts batches
  std::size_t batch = 1;
  std::vector<double> singles;  // microseconds of each call that was timed by itself
};

// Collective, the same answer at every rank: whether what was timed since the last call counts.
using Keep = std::function<bool()>;

// Makes as many calls as it is told.
using Calls = std::function<void(std::size_t count)>;

// As rank 0 sees it, the same number at every rank. Collective.
double seconds_of_a_call(Ranks& job, const Calls& calls);

// Times calls that move `bytes`. Collective; the result counts on rank 0 only. With `keep` it asks
// after every slice of a few milliseconds, and times again what does not count; `keep` must say yes
// at some time.
Timing measure(Ranks& job, const Calls& calls, std::size_t bytes, const Effort& effort,
               const Keep& keep = {});

// The same for the prepared operation.
Timing measure(Candidate& candidate, std::size_t bytes, const Effort& effort,
               const Keep& keep = {});

}  // namespace weft::perf
