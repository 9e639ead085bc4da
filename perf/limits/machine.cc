#include "perf/limits/machine.h"

#include "perf/common/candidate.h"
#include "perf/common/line_probe.h"
#include "perf/limits/kernels.h"
#include "perf/limits/pair.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace weft::perf {
namespace {

using SteadyClock = std::chrono::steady_clock;
using CopyKernel = void (*)(void*, const void*, std::size_t);

void plain_copy(void* destination, const void* source, std::size_t bytes) {
  std::memcpy(destination, source, bytes);
}

// Median GB/s of one thread's copies within the budget.
double copy_rate(CopyKernel copy, std::size_t bytes, double budget_seconds) {
  const Memory source = allocate_plain(bytes);
  const Memory destination = allocate_plain(bytes);
  const std::size_t batch = std::max<std::size_t>(1, (std::size_t{1} << 20) / bytes);
  std::vector<double> rates;
  const auto end = SteadyClock::now() + std::chrono::duration<double>(budget_seconds);
  auto start = SteadyClock::now();
  while (rates.size() < 5 || start < end) {
    for (std::size_t i = 0; i < batch; ++i) copy(destination.get(), source.get(), bytes);
    const auto now = SteadyClock::now();
    const double nanoseconds = std::chrono::duration<double, std::nano>(now - start).count();
    rates.push_back(static_cast<double>(bytes * batch) / nanoseconds);
    start = now;
  }
  return median_of(std::move(rates));
}

// Appends `count` samples, each from a thousand round trips.
void sample_round_trips(bool pin, int count, std::vector<double>& samples) {
  constexpr std::uint64_t kRoundTrips = 1000;
  Flag line;
  run_pair(pin, [&](int rank) {
    std::uint64_t turn = 0;
    pass_to_and_fro(line.value, rank, kRoundTrips, turn);
    for (int sample = 0; sample < count; ++sample) {
      const double one_way_ns = pass_to_and_fro(line.value, rank, kRoundTrips, turn);
      if (rank == 0) samples.push_back(one_way_ns);
    }
  });
}

}  // namespace

Statistics cache_line_one_way(bool pin) {
  constexpr std::size_t kEnough = 300;
  constexpr auto kPatience =
      std::chrono::seconds(1);  // for a machine that is busy with other things
  const auto deadline = SteadyClock::now() + kPatience;
  std::vector<double> samples;
  while (samples.empty() || (samples.size() < kEnough && SteadyClock::now() < deadline)) {
    sample_round_trips(pin, 10, samples);
  }
  return summarize(std::move(samples));
}

std::vector<CopyRate> copy_rates(bool pin, double budget_seconds) {
  std::vector<CopyRate> rates;
  for (const std::size_t bytes : {std::size_t{256} << 10, std::size_t{128} << 20}) {
    for (const auto& [name, kernel] : {std::pair<const char*, CopyKernel>{"memcpy", plain_copy},
                                       {"streaming", streaming_copy}}) {
      rates.push_back({name, 1, bytes, copy_rate(kernel, bytes, budget_seconds)});
      double both[kPair] = {};
      run_pair(pin, [&, copy = kernel](int rank) {
        both[rank] = copy_rate(copy, bytes, budget_seconds);
      });
      rates.push_back({name, kPair, bytes, both[0] + both[1]});
    }
  }
  return rates;
}

}  // namespace weft::perf
