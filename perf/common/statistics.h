// What a set of time samples comes to.
#pragma once

#include <cstddef>
#include <vector>

namespace weft::perf {

struct Statistics {
  std::size_t samples = 0;
  double median = 0;
  double mad = 0;   // median absolute deviation from the median
  double p99 = 0;   // nearest rank: with fewer than 100 samples, the maximum
  double p999 = 0;  // the same, with fewer than 1000
  double mean = 0;
  double stdev = 0;  // of all samples (divided by their number)
  double min = 0;
  double max = 0;
};

// The smallest sample that at least `percent` of all samples do not exceed (nearest rank). `sorted`
// is not empty.
double percentile(const std::vector<double>& sorted, double percent);

// The middle sample, or the mean of the two in the middle. `values` is not empty.
double median_of(std::vector<double> values);

// The same times in another unit, or of a part of what was timed.
Statistics scaled(const Statistics& statistics, double factor);

// All zero for no samples.
Statistics summarize(std::vector<double> values);

}  // namespace weft::perf
