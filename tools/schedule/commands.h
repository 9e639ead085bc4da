// The commands of weft-schedule. Each adds itself to the command line; run() returns the exit code
// and prints to standard output.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>

namespace weft::tools {

using Run = std::function<int()>;

Run add_list(CLI::App& app);
Run add_show(CLI::App& app);
Run add_check(CLI::App& app);

}  // namespace weft::tools
