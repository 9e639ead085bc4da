#include "executor/distances.h"

#include <algorithm>

namespace weft::executor {

// Neither the longest of the last few, which an interrupt may have met, nor the short ones: lines
// that had been fetched along with their neighbours.
void Distances::add(int rank, std::int64_t ns) {
  constexpr std::size_t kTaken = 5;  // of 0 to 7 in order
  constexpr std::int64_t kMost = 10'000;
  Line& line = lines_[static_cast<std::size_t>(rank)];
  line.last[line.samples++ % kKept] =
      static_cast<std::int32_t>(std::clamp<std::int64_t>(ns, 1, kMost));
  due_ = line.samples < kKept;  // the first ones follow each other
  if (line.samples < kKept) return;
  auto sorted = line.last;
  std::ranges::nth_element(sorted, sorted.begin() + kTaken);
  line.ns = sorted[kTaken];
}

}  // namespace weft::executor
