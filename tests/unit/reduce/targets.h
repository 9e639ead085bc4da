// Every instruction set of this machine that the kernels are compiled for.
#pragma once

#include <hwy/targets.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "reduce/reduce.h"

namespace weft::test {

// Makes kernel() and copy() choose the given set while it lives; afterwards they choose freely
// again.
class TargetScope {
 public:
  explicit TargetScope(std::int64_t target) { hwy::GetChosenTarget().Update(target); }
  ~TargetScope() { hwy::GetChosenTarget().DeInit(); }
  TargetScope(const TargetScope&) = delete;
  TargetScope& operator=(const TargetScope&) = delete;
};

// From the best to the plainest.
inline std::vector<std::int64_t> usable_targets() {
  std::vector<std::int64_t> targets;
  for (int bit = 0; bit < 63; ++bit) {
    const std::int64_t target = std::int64_t{1} << bit;
    if ((hwy::SupportedTargets() & target) == 0) continue;
    const TargetScope scope(target);
    // Where the kernels are not compiled for a target, the choice falls on another one.
    if (reduce::target_name() == std::string_view(hwy::TargetName(target)))
      targets.push_back(target);
  }
  return targets;
}

}  // namespace weft::test
