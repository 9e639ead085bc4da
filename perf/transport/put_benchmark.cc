#include "perf/transport/put_benchmark.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <thread>

#include "base/clock.h"
#include "base/config.h"
#include "base/cpu.h"
#include "base/error.h"
#include "bootstrap/bootstrap.h"
#include "communicator/setup.h"
#include "perf/common/statistics.h"

namespace weft::perf {
namespace {

using transport::LocalMemory;
using transport::Put;
using transport::RemoteMemory;

constexpr std::size_t kDataOffset = 64;  // the signal's word is in the line before
constexpr std::size_t kWindow = 128;     // puts on their way, as perftest's --tx-depth

struct FailureNote final : FailureListener {
  void peer_failed(int peer, const std::string& cause) override {
    if (text.empty()) text = fmt::format("rank {}: {}", peer, cause);
  }
  std::string text;
};

// Two ranks and the memory that they write to each other.
class Pair {
 public:
  Pair(const Options& options, std::size_t bytes)
      : config_(resolve(options)),
        log_(config_.log_level, "weft"),
        bootstrap_(bootstrap::make(config_)),
        connections_(config_, log_, check_size(*bootstrap_), clock_, failure_),
        link_(connections_.world().links[static_cast<std::size_t>(1 - rank())]) {
    for (LocalMemory* memory : {&source_, &inbox_}) {
      const transport::Status status = link_.transport->allocate(kDataOffset + bytes, memory);
      if (!status.ok()) fail(status.code, "memory: {}", status.message);
    }
    const auto* key = reinterpret_cast<const std::byte*>(&inbox_.key);
    const auto keys = bootstrap_->all_gather(Blob(key, key + sizeof(inbox_.key)), config_.timeout);
    transport::MemoryKey theirs;
    std::memcpy(&theirs, keys[static_cast<std::size_t>(1 - rank())].data(), sizeof(theirs));
    const transport::Status status = link_.transport->import_memory(1 - rank(), theirs, &outbox_);
    if (!status.ok()) fail(status.code, "the peer's memory: {}", status.message);
  }
  ~Pair() {
    link_.transport->release(outbox_);
    for (const LocalMemory& memory : {source_, inbox_}) link_.transport->release(memory);
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  int rank() const { return bootstrap_->rank(); }
  const std::string& transport_name() const { return link_.transport_name; }
  void barrier() { bootstrap_->all_gather({}, config_.timeout); }
  std::int64_t now_ns() const { return clock_.now_ns(); }

  // In pieces where the transport wants that; *completed is raised once for each of
  // pieces_of(bytes).
  void post(std::size_t bytes, std::uint64_t signal, std::uint64_t* completed) {
    const std::size_t most = link_.transport->capabilities().max_message;
    std::size_t offset = 0;
    for (; bytes - offset > most; offset += most) post_piece(offset, most, 0, completed);
    post_piece(offset, bytes - offset, signal, completed);
  }
  std::size_t pieces_of(std::size_t bytes) const {
    const std::size_t most = link_.transport->capabilities().max_message;
    return bytes <= most ? 1 : (bytes - 1) / most + 1;
  }

  void post_piece(std::size_t offset, std::size_t bytes, std::uint64_t signal,
                  std::uint64_t* completed) {
    Put put;
    put.source = static_cast<std::byte*>(source_.address) + kDataOffset + offset;
    put.target = &outbox_;
    put.target_offset = kDataOffset + offset;
    put.bytes = bytes;
    put.completed = completed;
    if (signal > 0) {
      put.signal_memory = &outbox_;
      put.signal_value = signal;
      put.signal = transport::SignalOp::set;
    }
    std::size_t posted = 0;
    transport::Status status = link_.transport->put({&put, 1}, &posted);
    while (status.code == ErrorCode::no_resources) {
      progress();
      status = link_.transport->put({&put, 1}, &posted);
    }
    if (!status.ok()) fail(status.code, "put: {}", status.message);
  }

  void await_signal(std::uint64_t value) {
    std::atomic_ref<std::uint64_t> word(*static_cast<std::uint64_t*>(inbox_.address));
    until([&] { return word.load(std::memory_order_acquire) == value; });
  }

  // Leaves the processor to others, as the passive side of a bandwidth test does.
  void await_signal_asleep(std::uint64_t value) {
    std::atomic_ref<std::uint64_t> word(*static_cast<std::uint64_t*>(inbox_.address));
    while (word.load(std::memory_order_acquire) != value) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      progress();
    }
  }

  template <typename Condition>
  void until(const Condition& condition) {
    for (unsigned polls = 1; !condition(); ++polls) {
      // Memory that is mapped changes by itself.
      if (!link_.load_store || polls % 1024 == 0) progress();
      cpu_pause();
    }
  }

 private:
  static Bootstrap& check_size(Bootstrap& bootstrap) {
    if (bootstrap.size() != 2) {
      throw std::invalid_argument(fmt::format(
          "a put has two ends: start it with 2 ranks (--ranks 2), not {}", bootstrap.size()));
    }
    return bootstrap;
  }
  void progress() {
    link_.transport->progress();
    if (!failure_.text.empty()) fail(ErrorCode::peer_failed, "{}", failure_.text);
  }

  const Config config_;
  const Log log_;
  const SteadyClock clock_;
  FailureNote failure_;
  std::shared_ptr<Bootstrap> bootstrap_;
  Connections connections_;
  const executor::Link& link_;
  LocalMemory source_, inbox_;
  RemoteMemory outbox_;
};

std::size_t iterations_for(const PutBenchmark& benchmark, std::size_t bytes) {
  if (benchmark.iterations > 0) return benchmark.iterations;
  const std::size_t budget = benchmark.bandwidth ? 256 << 20 : 16 << 20;
  return std::clamp<std::size_t>(budget / std::max<std::size_t>(bytes, 1), 100, 1000);
}

// Microseconds of each one-way trip; the signals count on from *signal.
std::vector<double> ping_pong(Pair& pair, std::size_t bytes, std::size_t count,
                              std::uint64_t* signal) {
  std::vector<double> samples;
  samples.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t value = ++*signal;
    std::uint64_t completed = 0;
    const std::int64_t start = pair.now_ns();
    if (pair.rank() == 1) pair.await_signal(value);
    pair.post(bytes, value, &completed);
    if (pair.rank() == 0) pair.await_signal(value);
    samples.push_back(static_cast<double>(pair.now_ns() - start) / 2e3);
    pair.until([&] { return completed == pair.pieces_of(bytes); });
  }
  return samples;
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

// Seconds for `count` puts until all have completed.
double stream(Pair& pair, std::size_t bytes, std::size_t count) {
  std::uint64_t completed = 0;
  const std::size_t pieces = pair.pieces_of(bytes);
  const std::int64_t start = pair.now_ns();
  for (std::size_t posted = 0; posted < count; ++posted) {
    pair.until([&] { return posted * pieces - completed < kWindow; });
    pair.post(bytes, 0, &completed);
  }
  pair.until([&] { return completed == count * pieces; });
  return static_cast<double>(pair.now_ns() - start) / 1e9;
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
             pair.transport_name());
  fmt::print("{}\n",
             benchmark.bandwidth
                 ? " #bytes    #iterations  BW peak[MB/sec]    BW average[MB/sec]   MsgRate[Mpps]"
                 : " #bytes    #iterations  t_min[usec]  t_max[usec]  t_typical[usec] t_avg[usec]  "
                   "t_stdev[usec] 99%[usec]    99.9%[usec]");
}

}  // namespace

void run_put_benchmark(const PutBenchmark& benchmark, const Options& options) {
  Pair pair(options, *std::max_element(benchmark.sizes.begin(), benchmark.sizes.end()));
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
