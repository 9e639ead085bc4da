// What the programs that measure between two ranks share: sweep, table on rank 0, JSON lines.
#pragma once

#include "perf/common/command_line.h"
#include "perf/pairs/sweep.h"

#include <nlohmann/json_fwd.hpp>

namespace weft::perf {

nlohmann::ordered_json to_json(const std::string& candidate, int ranks,
                               const PairMeasurement& result);

// Reads the arguments, whose collective names a mode between two ranks. Throws
// std::invalid_argument with what is wrong and what would be right.
PairSweep pair_sweep_of(const SweepArguments& arguments);

// Collective. Returns the exit status.
int run_pair_candidate(PairCandidate& candidate, const SweepArguments& arguments,
                       const Presentation& presentation);

}  // namespace weft::perf
