// The registry at compile time, for who names algorithms in the source: a name that no algorithm
// has does not compile.
#pragma once

#include "algorithms/flat_algorithms.h"
#include "algorithms/hierarchical_algorithms.h"
#include "algorithms/registry.h"

#include <array>
#include <string_view>

namespace weft::algorithms {

// Both tables, grouped by collective.
inline constexpr auto kAlgorithms = [] {
  std::array<Algorithm, kFlatAlgorithms.size() + kHierarchicalAlgorithms.size()> all;
  std::size_t next = 0;
  for (int collective = 0; collective < kCollectives; ++collective) {
    const auto take = [&](const Algorithm& algorithm) {
      if (algorithm.collective == static_cast<Collective>(collective)) all[next++] = algorithm;
    };
    for (const Algorithm& algorithm : kFlatAlgorithms) take(algorithm);
    for (const Algorithm& algorithm : kHierarchicalAlgorithms) take(algorithm);
  }
  return all;
}();

// The one of that name, or null.
constexpr const Algorithm* find_in_table(Collective collective, std::string_view name) {
  for (const Algorithm& algorithm : kAlgorithms) {
    if (algorithm.collective == collective && algorithm.name == name) return &algorithm;
  }
  return nullptr;
}

// Where the one of that name stands, which must exist.
consteval std::size_t index_of(Collective collective, std::string_view name) {
  for (std::size_t i = 0; i < kAlgorithms.size(); ++i) {
    if (kAlgorithms[i].collective == collective && kAlgorithms[i].name == name) return i;
  }
  throw "the collective has no algorithm of that name";
}

// The one of that name. By its index: with -fsanitize=undefined, GCC takes no pointer into the
// table for constant.
consteval const Algorithm& named(Collective collective, std::string_view name) {
  return kAlgorithms[index_of(collective, name)];
}

}  // namespace weft::algorithms
