// Where two ranks' cores stand to each other, measured: the time a cache line takes from one to the
// other.
//
// On a virtual machine the processors move between physical cores within seconds, and a cache line
// then takes four times as long, or a quarter. Times measured in one placement say nothing about
// times in another, so each result is recorded with the probe's, and a sweep can wait for a
// placement.
#pragma once

#include "perf/common/job.h"

#include <atomic>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace weft::perf {

// Nanoseconds per one-way trip of `line`, passed to and fro between side 0 and side 1, which call
// this at the same time with the same arguments. `turn` counts on from call to call and starts at 0
// on both sides, like the line.
double pass_to_and_fro(std::atomic<std::uint64_t>& line, int side, std::uint64_t round_trips,
                       std::uint64_t& turn);

// The placements a sweep takes results from.
struct LineGate {
  double min_ns = 0;
  double max_ns = std::numeric_limits<double>::infinity();
  double patience_seconds = 5;  // of waiting, per measurement; then it measures anyway

  bool open() const { return min_ns <= 0 && max_ns == std::numeric_limits<double>::infinity(); }
  bool admits(double ns) const { return ns >= min_ns && ns <= max_ns; }
};

// Reads "0:100", "100:", ":80". Throws std::invalid_argument.
LineGate parse_line_gate(std::string_view text);

// Probes between the two ranks of a job. Works through a file in /dev/shm, which is gone again once
// both have it.
class LineProbe {
 public:
  // Collective; `job` outlives the probe.
  explicit LineProbe(Job& job);
  ~LineProbe();
  LineProbe(const LineProbe&) = delete;
  LineProbe& operator=(const LineProbe&) = delete;

  // Collective. Nanoseconds one way, the same number at both ranks; none unless there are two ranks
  // on one host.
  std::optional<double> one_way_ns();

 private:
  Job& job_;
  void* mapping_ = nullptr;
  std::uint64_t turn_ = 0;
};

// Holds one measurement to a gate. All calls are collective.
class PlacementGuard {
 public:
  PlacementGuard(Job& job, LineProbe& probe, const LineGate& gate);

  // Waits until the gate admits the placement. Returns the last probe.
  std::optional<double> wait();

  // Whether the placement is still admitted; where not, waits for one that is. Says yes once
  // patience has ended.
  bool held();

 private:
  Job& job_;
  LineProbe& probe_;
  LineGate gate_;
  double waited_seconds_ = 0;  // rank 0's counts
};

}  // namespace weft::perf
