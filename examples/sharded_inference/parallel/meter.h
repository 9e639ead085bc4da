/// How long a rank spends in communication, call by call.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace inference {

using Clock = std::chrono::steady_clock;

inline double microseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

/// The kinds of communication. What receives, waits or reduces includes the time in which a peer
/// still computes.
enum class Path : std::uint8_t {
  all_reduce,  ///< of a layer's sums
  vote,        ///< all-reduce of one number: which token
  send,        ///< over a channel
  receive,
  kv_write,   ///< pages to the decoding rank
  kv_finish,  ///< what remains of that when they are all written
  kv_wait,
  broadcast,  ///< of the request
  compute,    ///< of a stage, for one batch: no communication, but what others wait for
};
inline constexpr std::size_t kPaths = 9;
inline constexpr std::array<const char*, kPaths> kPathNames = {
    "all-reduce", "vote",    "channel send", "channel receive", "KV write",
    "KV finish",  "KV wait", "broadcast",    "compute"};

enum class Phase : std::uint8_t { prefill, decode };
inline constexpr std::size_t kPhases = 2;

/// Of the calls of one path; microseconds. Plain data.
struct Summary {
  std::uint64_t calls = 0;
  double total = 0, median = 0, p99 = 0;
};

/// The value below which `share` of the samples are; 0 where there are none. Reorders them.
inline double quantile(std::vector<double>& samples, double share) {
  if (samples.empty()) return 0;
  const auto index =
      static_cast<std::size_t>(share * static_cast<double>(samples.size() - 1) + 0.5);
  const auto at = samples.begin() + static_cast<std::ptrdiff_t>(index);
  std::nth_element(samples.begin(), at, samples.end());
  return *at;
}

class Meter {
 public:
  /// From now on calls count for this phase.
  void enter(Phase phase) { phase_ = static_cast<std::size_t>(phase); }

  template <typename Call>
  void time(Path path, const Call& call) {
    const Clock::time_point start = Clock::now();
    call();
    samples_[phase_][static_cast<std::size_t>(path)].push_back(microseconds_since(start));
  }

  Summary summary(Phase phase, Path path) const {
    std::vector<double> samples =
        samples_[static_cast<std::size_t>(phase)][static_cast<std::size_t>(path)];
    Summary summary;
    summary.calls = samples.size();
    for (const double sample : samples) summary.total += sample;
    summary.median = quantile(samples, 0.5);
    summary.p99 = quantile(samples, 0.99);
    return summary;
  }

 private:
  std::size_t phase_ = 0;
  std::array<std::array<std::vector<double>, kPaths>, kPhases> samples_;
};

}  // namespace inference
