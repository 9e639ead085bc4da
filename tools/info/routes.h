// The command weft-info routes.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>

namespace weft::tools {

// Adds it to the command line. What is returned brings a job's ranks up, prints over what each
// reaches the others, at rank 0, and returns the exit code. Throws weft::Error where ranks do not
// meet.
std::function<int()> add_routes(CLI::App& app);

}  // namespace weft::tools
