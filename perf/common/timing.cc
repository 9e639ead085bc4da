#include "perf/common/timing.h"

#include "perf/common/ticks.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

namespace weft::perf {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr double kShortestSample = 10e-6;
constexpr std::size_t kLargestBatch = 1000;
constexpr std::size_t kMostSamples = 20000;
constexpr std::size_t kFewestSamples = 5;

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

// Microseconds per call of `samples` samples of `batch` calls.
void take(Ranks& job, const Calls& calls, std::size_t samples, std::size_t batch,
          std::vector<double>& microseconds) {
  const double scale = seconds_per_tick() * 1e6 / static_cast<double>(batch);
  microseconds.resize(samples);
  job.barrier();
  std::uint64_t start = ticks_now();
  for (double& sample : microseconds) {
    calls(batch);
    const std::uint64_t end = ticks_now();
    sample = static_cast<double>(end - start) * scale;
    start = end;
  }
}

std::vector<double> take_slices(Ranks& job, const Calls& calls, std::size_t samples,
                                std::size_t batch, double seconds_per_call, const Keep& keep) {
  constexpr double kSlice = 5e-3;
  const double seconds_per_sample = seconds_per_call * static_cast<double>(batch);
  const auto most = static_cast<std::size_t>(std::max(kSlice / seconds_per_sample, 1.0));
  std::vector<double> kept;
  std::vector<double> slice;
  while (kept.size() < samples) {
    // What happened between slices cools caches only for short calls.
    if (seconds_per_sample < kSlice / 10) calls(batch);
    take(job, calls, std::min(most, samples - kept.size()), batch, slice);
    if (keep()) kept.insert(kept.end(), slice.begin(), slice.end());
  }
  return kept;
}

}  // namespace

double seconds_of_a_call(Ranks& job, const Calls& calls) {
  constexpr double kEnough = 1e-3;
  for (std::size_t count = 1;; count *= 4) {
    job.barrier();
    const auto start = SteadyClock::now();
    calls(count);
    const auto own = static_cast<std::int64_t>(seconds_since(start) * 1e9);
    const std::int64_t agreed = job.sum_over_ranks(job.rank() == 0 ? own : 0);
    const double seconds = static_cast<double>(agreed) * 1e-9;
    if (seconds >= kEnough || count >= 16384) {
      return std::max(seconds, 1e-9) / static_cast<double>(count);
    }
  }
}

Iterations plan_iterations(double seconds_per_call, const Effort& effort) {
  const auto at_least_one = [](double value) {
    return static_cast<std::size_t>(std::clamp(std::ceil(value), 1.0, 1e9));
  };
  Iterations plan;
  plan.batch = std::min(at_least_one(kShortestSample / seconds_per_call), kLargestBatch);
  if (effort.iterations) {
    const std::size_t calls = std::max<std::size_t>(*effort.iterations, 1);
    plan.batch = std::clamp<std::size_t>(calls / 20, 1, plan.batch);
    plan.batches = calls / plan.batch;
    plan.singles = plan.batch > 1 ? calls : 0;
    return plan;
  }
  const double calls_in_budget = effort.budget_seconds / seconds_per_call;
  const double share = plan.batch > 1 ? 0.5 : 1.0;
  plan.batches = std::clamp(at_least_one(share * calls_in_budget / static_cast<double>(plan.batch)),
                            kFewestSamples, kMostSamples);
  if (plan.batch > 1) {
    plan.singles = std::clamp(at_least_one(share * calls_in_budget), kFewestSamples, kMostSamples);
  }
  return plan;
}

std::size_t warmup_calls(std::size_t bytes, const Effort& effort) {
  if (effort.warmup) return *effort.warmup;
  return bytes > (std::size_t{8} << 20) ? 2 : 5;
}

Timing measure(Ranks& job, const Calls& calls, std::size_t bytes, const Effort& effort,
               const Keep& keep) {
  calls(warmup_calls(bytes, effort));
  const double seconds_per_call = seconds_of_a_call(job, calls);
  const Iterations plan = plan_iterations(seconds_per_call, effort);
  const auto times = [&](std::size_t samples, std::size_t batch) {
    std::vector<double> all;
    if (keep) return take_slices(job, calls, samples, batch, seconds_per_call, keep);
    take(job, calls, samples, batch, all);
    return all;
  };
  Timing timing;
  timing.batch = plan.batch;
  timing.singles = times(plan.batches, plan.batch);
  timing.microseconds = summarize(timing.singles);
  if (plan.singles > 0) {
    timing.singles = times(plan.singles, 1);
    const Statistics singles = summarize(timing.singles);
    timing.microseconds.p99 = singles.p99;
    timing.microseconds.p999 = singles.p999;
    timing.microseconds.max = singles.max;
  }
  return timing;
}

Timing measure(Candidate& candidate, std::size_t bytes, const Effort& effort, const Keep& keep) {
  const auto calls = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) candidate.run();
  };
  return measure(candidate, calls, bytes, effort, keep);
}

}  // namespace weft::perf
