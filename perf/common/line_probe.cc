#include "perf/common/line_probe.h"

#include "perf/common/spin.h"
#include "perf/common/statistics.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cmath>
#include <new>
#include <stdexcept>
#include <thread>

namespace weft::perf {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Line = std::atomic<std::uint64_t>;

constexpr std::size_t kMappingBytes = 4096;

// Maps the shared file, null where that fails. The creator makes it new and zeroed.
void* map_shared(const std::string& name, bool create) {
  const int flags = create ? O_RDWR | O_CREAT | O_EXCL : O_RDWR;
  const int file = shm_open(name.c_str(), flags, 0600);
  if (file < 0) return nullptr;
  void* mapping = MAP_FAILED;
  if (!create || ftruncate(file, kMappingBytes) == 0) {
    mapping = mmap(nullptr, kMappingBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  }
  close(file);
  return mapping == MAP_FAILED ? nullptr : mapping;
}

double parse_bound(std::string_view text, double otherwise) {
  if (text.empty()) return otherwise;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) {
    throw std::invalid_argument(fmt::format("'{}' is no time in nanoseconds", text));
  }
  return value;
}

}  // namespace

double pass_to_and_fro(Line& line, int side, std::uint64_t round_trips, std::uint64_t& turn) {
  const auto start = SteadyClock::now();
  for (const std::uint64_t last = turn + round_trips; turn < last; ++turn) {
    const std::uint64_t mine = 2 * turn + static_cast<std::uint64_t>(side);
    spin_until([&] { return line.load(std::memory_order_acquire) == mine; });
    line.store(mine + 1, std::memory_order_release);
  }
  const std::chrono::duration<double, std::nano> elapsed = SteadyClock::now() - start;
  return elapsed.count() / (2.0 * static_cast<double>(round_trips));
}

LineGate parse_line_gate(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    throw std::invalid_argument(
        fmt::format("'{}' is no range of nanoseconds; write 0:100 or 100:", text));
  }
  LineGate gate;
  gate.min_ns = parse_bound(text.substr(0, colon), gate.min_ns);
  gate.max_ns = parse_bound(text.substr(colon + 1), gate.max_ns);
  if (gate.min_ns > gate.max_ns) {
    throw std::invalid_argument(fmt::format("the range '{}' is empty", text));
  }
  return gate;
}

LineProbe::LineProbe(Job& job) : job_(job) {
  if (job.size() != 2) return;
  const bool first = job.rank() == 0;
  // The first rank's process id, known to both by a sum, names the file.
  const std::string name =
      fmt::format("/perf-line-of-weft-{}", job.sum_over_ranks(first ? getpid() : 0));
  if (first) mapping_ = map_shared(name, true);
  if (first && mapping_ != nullptr) new (mapping_) Line(0);
  job.barrier();
  if (!first) mapping_ = map_shared(name, false);
  const std::int64_t mapped = job.sum_over_ranks(mapping_ != nullptr ? 1 : 0);
  if (first && mapping_ != nullptr) shm_unlink(name.c_str());
  if (mapped == 2 || mapping_ == nullptr) return;
  munmap(mapping_, kMappingBytes);  // the other rank is on another host
  mapping_ = nullptr;
}

LineProbe::~LineProbe() {
  if (mapping_ != nullptr) munmap(mapping_, kMappingBytes);
}

std::optional<double> LineProbe::one_way_ns() {
  if (mapping_ == nullptr) return std::nullopt;
  constexpr std::uint64_t kRoundTrips = 200;
  auto& line = *static_cast<Line*>(mapping_);
  std::vector<double> samples(5);
  job_.barrier();
  for (double& sample : samples) {
    sample = pass_to_and_fro(line, job_.rank(), kRoundTrips, turn_);
  }
  const double own = job_.rank() == 0 ? median_of(std::move(samples)) * 1e3 : 0;
  return static_cast<double>(job_.sum_over_ranks(std::llround(own))) * 1e-3;
}

PlacementGuard::PlacementGuard(Job& job, LineProbe& probe, const LineGate& gate)
    : job_(job), probe_(probe), gate_(gate) {}

std::optional<double> PlacementGuard::wait() {
  for (;;) {
    const std::optional<double> line = probe_.one_way_ns();
    if (!line || gate_.admits(*line)) return line;
    const auto start = SteadyClock::now();
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    waited_seconds_ += std::chrono::duration<double>(SteadyClock::now() - start).count();
    const bool enough = job_.rank() == 0 && waited_seconds_ > gate_.patience_seconds;
    if (job_.sum_over_ranks(enough ? 1 : 0) > 0) return line;
  }
}

bool PlacementGuard::held() {
  const std::optional<double> line = probe_.one_way_ns();
  if (!line || gate_.admits(*line)) return true;
  const std::optional<double> later = wait();
  return !later || !gate_.admits(*later);
}

}  // namespace weft::perf
