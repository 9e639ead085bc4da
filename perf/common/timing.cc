#include "perf/common/timing.h"

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

void run_calls(Candidate& candidate, std::size_t calls) {
  for (std::size_t i = 0; i < calls; ++i) candidate.run();
}

// Seconds per call as rank 0 sees it, the same number at every rank.
double estimate(Candidate& candidate) {
  constexpr double kEnough = 1e-3;
  for (std::size_t calls = 1;; calls *= 4) {
    candidate.barrier();
    const auto start = SteadyClock::now();
    run_calls(candidate, calls);
    const auto own = static_cast<std::int64_t>(seconds_since(start) * 1e9);
    const std::int64_t agreed = candidate.sum_over_ranks(candidate.rank() == 0 ? own : 0);
    const double seconds = static_cast<double>(agreed) * 1e-9;
    if (seconds >= kEnough || calls >= 16384) {
      return std::max(seconds, 1e-9) / static_cast<double>(calls);
    }
  }
}

// Microseconds per call of `samples` samples of `batch` calls.
void take(Candidate& candidate, std::size_t samples, std::size_t batch,
          std::vector<double>& microseconds) {
  microseconds.resize(samples);
  candidate.barrier();
  auto start = SteadyClock::now();
  for (double& sample : microseconds) {
    run_calls(candidate, batch);
    const auto end = SteadyClock::now();
    sample =
        std::chrono::duration<double, std::micro>(end - start).count() / static_cast<double>(batch);
    start = end;
  }
}

std::vector<double> take_slices(Candidate& candidate, std::size_t samples, std::size_t batch,
                                double seconds_per_call, const Keep& keep) {
  constexpr double kSlice = 5e-3;
  const double seconds_per_sample = seconds_per_call * static_cast<double>(batch);
  const auto most = static_cast<std::size_t>(std::max(kSlice / seconds_per_sample, 1.0));
  std::vector<double> kept;
  std::vector<double> slice;
  while (kept.size() < samples) {
    // What happened between slices cools caches only for short calls.
    if (seconds_per_sample < kSlice / 10) run_calls(candidate, batch);
    take(candidate, std::min(most, samples - kept.size()), batch, slice);
    if (keep()) kept.insert(kept.end(), slice.begin(), slice.end());
  }
  return kept;
}

}  // namespace

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

Timing measure(Candidate& candidate, std::size_t bytes, const Effort& effort, const Keep& keep) {
  run_calls(candidate, warmup_calls(bytes, effort));
  const double seconds_per_call = estimate(candidate);
  const Iterations plan = plan_iterations(seconds_per_call, effort);
  const auto times = [&](std::size_t samples, std::size_t batch) {
    std::vector<double> all;
    if (keep) return take_slices(candidate, samples, batch, seconds_per_call, keep);
    take(candidate, samples, batch, all);
    return all;
  };
  Timing timing;
  timing.batch = plan.batch;
  timing.microseconds = summarize(times(plan.batches, plan.batch));
  if (plan.singles > 0) {
    const Statistics singles = summarize(times(plan.singles, 1));
    timing.microseconds.p99 = singles.p99;
    timing.microseconds.max = singles.max;
  }
  return timing;
}

}  // namespace weft::perf
