// The options of a measurement that waits for a placement of the two ranks' cores.
#pragma once

#include "perf/common/line_probe.h"

#include <CLI/CLI.hpp>

#include <string>

namespace weft::perf {

struct GateArguments {
  std::string line_ns = "0:";
  double patience_seconds = LineGate().patience_seconds;
};

// Adds the options to `app`; `arguments` outlives it.
inline void add_gate_options(CLI::App& app, GateArguments& arguments) {
  app.add_option(
      "--line-ns", arguments.line_ns,
      "With two ranks: measure while a cache line takes so long between their cores, MIN:MAX");
  app.add_option("--line-patience", arguments.patience_seconds,
                 "Seconds that a measurement waits for that; then it is made anyway")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
}

// Throws std::invalid_argument.
inline LineGate gate_of(const GateArguments& arguments) {
  LineGate gate = parse_line_gate(arguments.line_ns);
  gate.patience_seconds = arguments.patience_seconds;
  return gate;
}

}  // namespace weft::perf
