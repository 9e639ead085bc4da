// Runs one call on known data and counts the elements that came out wrong.
#pragma once

#include "perf/common/candidate.h"

#include <cstdint>

namespace weft::perf {

// Collective. Fills the input, poisons the output, runs the prepared operation once, and returns
// the number of wrong elements at all ranks. Another seed is other data.
std::int64_t check_once(Candidate& candidate, const Operation& operation, std::uint64_t seed);

}  // namespace weft::perf
