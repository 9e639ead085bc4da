// The options that weft-perf, the peers and weft-limits share: nccl-tests' letters and where
// results go.
#pragma once

#include "perf/common/gate_options.h"
#include "perf/common/limits_table.h"
#include "perf/common/size_options.h"
#include "perf/common/sweep.h"

#include "tools/common/program.h"

#include <CLI/CLI.hpp>

#include <string>

namespace weft::perf {

using programs::kExitError;
using programs::kExitWrong;

// As typed; strings are read by sweep_of().
struct SweepArguments : SizeRange {
  std::string collective;
  std::string increment;
  std::string sizes;           // exactly these; wins over all of the above
  std::size_t iterations = 0;  // 0: as many as fit into the budget
  int warmup = -1;             // -1: by size
  double budget_seconds = 0.1;
  bool check = true;
  std::string types = "f32";
  std::string ops = "sum";
  std::string root = "0";
  std::string placement = "both";
  GateArguments gate;
  Setting setting;
  std::string json;
};

// Adds the options to `app`; `arguments` outlives it.
void add_sweep_options(CLI::App& app, SweepArguments& arguments);

// Reads the arguments for a job of `ranks`. Throws std::invalid_argument with what is wrong and
// what would be right.
Sweep sweep_of(const SweepArguments& arguments, int ranks);

// Parts of it that other sweeps need too.
std::vector<std::size_t> sizes_of(const SweepArguments& arguments);
Effort effort_of(const SweepArguments& arguments);
// Throws std::invalid_argument where a setting was asked for; for what knows none.
void refuse_setting(const SweepArguments& arguments);

// What a program adds to the output.
struct Presentation {
  std::string command;   // for the record
  std::string preamble;  // comment lines above the table, each ending in a line break
  const LimitsTable* limits = nullptr;  // adds a column
};

// What all programs share: sweep, table on rank 0, JSON lines where asked for. Collective. Returns
// the exit status.
int run_candidate(Candidate& candidate, const SweepArguments& arguments,
                  const Presentation& presentation);

}  // namespace weft::perf
