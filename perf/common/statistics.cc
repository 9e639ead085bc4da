#include "perf/common/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace weft::perf {
namespace {

double median_of_sorted(const std::vector<double>& sorted) {
  const std::size_t middle = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

double stdev_of(const std::vector<double>& values, double mean) {
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size()));
}

}  // namespace

double percentile(const std::vector<double>& sorted, double percent) {
  // 99.9% of 10,000 are 9,990, whatever the division of floating point numbers leaves behind them.
  constexpr double kRounding = 1e-9;
  const double rank = std::ceil(percent / 100 * static_cast<double>(sorted.size()) - kRounding);
  const auto index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
  return sorted[std::min(index, sorted.size() - 1)];
}

double median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return median_of_sorted(values);
}

Statistics summarize(std::vector<double> values) {
  Statistics result;
  if (values.empty()) return result;
  std::sort(values.begin(), values.end());
  result.samples = values.size();
  result.median = median_of_sorted(values);
  result.p99 = percentile(values, 99);
  result.p999 = percentile(values, 99.9);
  result.mean =
      std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  result.stdev = stdev_of(values, result.mean);
  result.min = values.front();
  result.max = values.back();
  for (double& value : values) value = std::abs(value - result.median);
  result.mad = median_of(std::move(values));
  return result;
}

Statistics scaled(const Statistics& s, double factor) {
  Statistics result = s;
  for (double* value : {&result.median, &result.mad, &result.p99, &result.p999, &result.mean,
                        &result.stdev, &result.min, &result.max}) {
    *value *= factor;
  }
  return result;
}

}  // namespace weft::perf
