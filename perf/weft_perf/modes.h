// What weft-perf measures, by name. A new mode is one line of the table in modes.cc.
#pragma once

#include "perf/weft_perf/arguments.h"

#include <string>
#include <string_view>

namespace weft::perf {

struct Mode {
  std::string_view name;
  std::string_view what;                   // for the help
  int (*run)(const Arguments& arguments);  // returns the exit status
};

// Null where there is none; collectives are not in the table.
const Mode* find_mode(std::string_view name);

// A line for each.
std::string describe_modes();

// The collective that the arguments name. Throws std::invalid_argument for an unknown one.
int run_collective(const Arguments& arguments);

}  // namespace weft::perf
