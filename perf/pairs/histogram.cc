#include "perf/pairs/histogram.h"

#include <cmath>
#include <map>

namespace weft::perf {

std::vector<std::pair<double, std::size_t>> histogram_of(const std::vector<double>& samples) {
  constexpr double kBinsPerDoubling = 16;
  std::map<long, std::size_t> counts;
  for (const double sample : samples) {
    if (sample > 0) ++counts[std::lround(std::floor(std::log2(sample) * kBinsPerDoubling))];
  }
  std::vector<std::pair<double, std::size_t>> bins;
  for (const auto& [bin, count] : counts) {
    bins.emplace_back(std::exp2(static_cast<double>(bin) / kBinsPerDoubling), count);
  }
  return bins;
}

}  // namespace weft::perf
