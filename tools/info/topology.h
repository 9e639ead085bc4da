// The command weft-info topology.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>

namespace weft::tools {

// Adds it to the command line. What is returned runs it: prints to standard output and returns the
// exit code; throws weft::Error for a description that cannot be read or a file that cannot be
// written.
std::function<int()> add_topology(CLI::App& app);

}  // namespace weft::tools
