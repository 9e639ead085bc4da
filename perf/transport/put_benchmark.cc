#include "perf/transport/put_benchmark.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <stdexcept>

#include "perf/common/statistics.h"
#include "perf/transport/pair.h"

namespace weft::perf {
namespace {

// The other of two ranks.
int other(const Connections& connections) {
  const executor::World& world = connections.world();
  if (world.ranks != 2) {
    throw std::invalid_argument(
        fmt::format("a put has two ends: start it with 2 ranks (--ranks 2), not {}", world.ranks));
  }
  return 1 - world.rank;
}

std::size_t iterations_for(const PutBenchmark& benchmark, std::size_t bytes) {
  if (benchmark.iterations > 0) return benchmark.iterations;
  const std::size_t budget = benchmark.bandwidth ? 256 << 20 : 16 << 20;
  return std::clamp<std::size_t>(budget / std::max<std::size_t>(bytes, 1), 100, 1000);
}

void measure_latency(Pair& pair, std::size_t bytes, std::size_t count, std::uint64_t* signal) {
  ping_pong(pair, bytes, std::max<std::size_t>(count / 10, 10), signal);
  std::vector<double> samples = ping_pong(pair, bytes, count, signal);
  if (pair.rank() != 0) return;
  const Statistics s = summarize(samples);
  double squares = 0;
  for (const double sample : samples) squares += (sample - s.mean) * (sample - s.mean);
  std::sort(samples.begin(), samples.end());
  fmt::print(" {:<9} {:<12} {:<12.2f} {:<12.2f} {:<14.2f} {:<12.2f} {:<12.2f} {:<12.2f} {:.2f}\n",
             bytes, count, s.min, s.max, s.median, s.mean,
             std::sqrt(squares / static_cast<double>(count)), s.p99, percentile(samples, 99.9));
}

void measure_bandwidth(Pair& pair, std::size_t bytes, std::size_t count, std::uint64_t* signal) {
  const std::uint64_t done = ++*signal;
  if (pair.rank() == 1) {
    pair.await_signal_asleep(done);
    return;
  }
  stream(pair, bytes, std::min<std::size_t>(count, 10));
  constexpr std::size_t kParts = 5;
  const std::size_t part = (count + kParts - 1) / kParts;
  double best = 0;
  double seconds = 0;
  constexpr double kMiB = 1 << 20;
  for (std::size_t i = 0; i < kParts; ++i) {
    const double took = stream(pair, bytes, part);
    best = std::max(best, static_cast<double>(part * bytes) / took / kMiB);
    seconds += took;
  }
  const double rate = static_cast<double>(part * kParts) / seconds;
  fmt::print(" {:<9} {:<12} {:<18.2f} {:<20.2f} {:.6f}\n", bytes, part * kParts, best,
             rate * static_cast<double>(bytes) / kMiB, rate / 1e6);
  pair.post(0, done, nullptr);
}

void print_heading(const PutBenchmark& benchmark, const Pair& pair) {
  fmt::print("# weft-perf {}: 2 ranks over {}\n", benchmark.bandwidth ? "put_bw" : "put_lat",
             pair.link().transport_name);
  fmt::print("{}\n",
             benchmark.bandwidth
                 ? " #bytes    #iterations  BW peak[MB/sec]    BW average[MB/sec]   MsgRate[Mpps]"
                 : " #bytes    #iterations  t_min[usec]  t_max[usec]  t_typical[usec] t_avg[usec]  "
                   "t_stdev[usec] 99%[usec]    99.9%[usec]");
}

}  // namespace

void run_put_benchmark(const PutBenchmark& benchmark, const Options& options) {
  Pair pair(options, *std::max_element(benchmark.sizes.begin(), benchmark.sizes.end()), other);
  if (pair.rank() == 0) print_heading(benchmark, pair);
  std::uint64_t signal = 0;
  for (const std::size_t bytes : benchmark.sizes) {
    const std::size_t count = iterations_for(benchmark, bytes);
    benchmark.bandwidth ? measure_bandwidth(pair, bytes, count, &signal)
                        : measure_latency(pair, bytes, count, &signal);
    if (pair.rank() == 0) std::fflush(stdout);
    pair.barrier();
  }
}

}  // namespace weft::perf
