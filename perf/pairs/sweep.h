// The loop between two ranks that all programs share: every size, checked and timed.
#pragma once

#include "perf/common/line_probe.h"
#include "perf/common/timing.h"
#include "perf/pairs/candidate.h"

#include <optional>
#include <vector>

namespace weft::perf {

struct PairSweep {
  PairMode mode;
  std::vector<std::size_t> sizes;
  Effort effort;
  bool check = true;
  LineGate gate;  // with two ranks: the placement of their cores to measure in
};

// Times in microseconds of one message.
struct PairMeasurement {
  PairOperation operation;
  std::size_t messages = 0;              // that were timed, in batches
  std::size_t batch = 1;                 // round trips, or windows, in one sample
  Statistics batches;                    // of the batches' means
  Statistics singles;                    // of what was timed one by one
  std::vector<double> samples;           // those
  std::optional<std::int64_t> wrong;     // bytes; unset where nothing was checked
  std::optional<double> line_before_ns;  // a cache line's one-way time between the two ranks' cores
  std::optional<double> line_after_ns;

  // Unset where it was not probed.
  std::optional<double> line_ns() const;
};

// Receives results as they come; rank 0 has reporters, other ranks none.
class PairReporter {
 public:
  virtual ~PairReporter() = default;
  virtual void measured(const PairMeasurement& result) = 0;
};

// Collective over all ranks of the job, of which ranks 0 and 1 move data. Returns the number of
// wrong bytes of all sizes. Throws std::invalid_argument where there are fewer than two ranks, or
// the library has no such operation.
std::int64_t run_pair_sweep(PairCandidate& candidate, const PairSweep& sweep,
                            const std::vector<PairReporter*>& reporters);

}  // namespace weft::perf
