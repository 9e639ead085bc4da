// Real schedules for the tests of this folder to look at and to break.
#pragma once

#include "algorithms/registry.h"
#include "schedule/verify.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace weft::schedule {

inline std::vector<Schedule> make_all(Collective collective, std::string_view name, int ranks,
                                      int root = 0, int lanes = 1, bool load_store = true) {
  const algorithms::Algorithm* algorithm = algorithms::find(collective, name);
  std::vector<Schedule> schedules;
  for (int rank = 0; algorithm != nullptr && rank < ranks; ++rank) {
    schedules.push_back(algorithm->make({collective, rank, ranks, root, lanes, load_store}));
  }
  return schedules;
}

inline std::vector<Schedule> make_all_reduce(std::string_view name, int ranks) {
  return make_all(Collective::all_reduce, name, ranks);
}

inline std::vector<Step>& steps(std::vector<Schedule>& schedules, int rank) {
  return schedules[static_cast<std::size_t>(rank)].lanes[0].steps;
}

// Everything the verifier says, one line a problem; empty: proven.
inline std::string complaints(const std::vector<Schedule>& schedules,
                              const VerifyOptions& options = {}) {
  std::string text;
  for (const Problem& problem : verify(schedules, options)) {
    text += to_text(problem, schedules) + "\n";
  }
  return text;
}

inline testing::AssertionResult mentions(const std::string& text, std::string_view part) {
  if (text.find(part) != std::string::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "no '" << part << "' in:\n" << text;
}

}  // namespace weft::schedule
