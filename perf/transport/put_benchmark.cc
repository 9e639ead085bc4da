#include "perf/transport/put_benchmark.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <stdexcept>

#include "perf/common/statistics.h"
#include "perf/pairs/columns.h"
#include "perf/transport/put_pair.h"

namespace weft::perf {
namespace {

// The other of two ranks.
int other(const Connections& connections) {
  if (connections.peers() != 2) {
    throw std::invalid_argument(fmt::format(
        "a put has two ends: start it with 2 ranks (--ranks 2), not {}", connections.peers()));
  }
  return 1 - connections.self();
}

std::size_t iterations_for(const PutBenchmark& benchmark, std::size_t bytes) {
  if (benchmark.iterations > 0) return benchmark.iterations;
  const std::size_t budget = benchmark.bandwidth ? 256 << 20 : 16 << 20;
  return std::clamp<std::size_t>(budget / std::max<std::size_t>(bytes, 1), 100, 1000);
}

void measure_latency(PutPair& pair, std::size_t bytes, std::size_t count, std::uint64_t* signal) {
  ping_pong(pair, bytes, std::max<std::size_t>(count / 10, 10), signal);
  const std::vector<double> samples = ping_pong(pair, bytes, count, signal);
  if (pair.rank() != 0) return;
  const Statistics statistics = summarize(samples);
  fmt::print("{}\n", latency_row(bytes, count, statistics, statistics));
}

void measure_bandwidth(PutPair& pair, std::size_t bytes, std::size_t count, std::uint64_t* signal) {
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
  fmt::print("{}\n", bandwidth_row(bytes, part * kParts, best, rate));
  pair.post(0, done, nullptr);
}

void print_heading(const PutBenchmark& benchmark, const PutPair& pair) {
  fmt::print("# weft-perf {}: 2 ranks over {}\n",
             benchmark.bandwidth ? "transport_put_bw" : "transport_put_lat",
             pair.way().transport_name);
  fmt::print("{}\n", benchmark.bandwidth ? bandwidth_heading() : latency_heading());
}

}  // namespace

void run_put_benchmark(const PutBenchmark& benchmark, const Options& options) {
  PutPair pair(options, *std::max_element(benchmark.sizes.begin(), benchmark.sizes.end()), other);
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
