// perftest's tables, followed by a column of our own.
#pragma once

#include "perf/common/statistics.h"
#include "perf/pairs/sweep.h"

#include <cstdio>
#include <string>

namespace weft::perf {

// One line of perftest's latency table without a line break: `typical` and average from the
// batches, the others from what was timed one by one (both may be the same).
std::string latency_heading();
std::string latency_row(std::size_t bytes, std::size_t iterations, const Statistics& batches,
                        const Statistics& singles);

// The same for bandwidth. MB are 2^20 bytes, as perftest counts them.
std::string bandwidth_heading();
std::string bandwidth_row(std::size_t bytes, std::size_t iterations, double peak_mb_per_second,
                          double messages_per_second);

// Prints results as they come.
class PairColumns : public PairReporter {
 public:
  // `out` outlives the reporter.
  PairColumns(std::FILE* out, PairMode mode) : out_(out), mode_(mode) {}

  void heading();
  void measured(const PairMeasurement& result) override;
  void summary(std::int64_t wrong, bool checked);

 private:
  std::FILE* out_;
  PairMode mode_;
};

}  // namespace weft::perf
