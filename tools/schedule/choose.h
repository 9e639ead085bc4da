// From names on the command line to algorithms.
#pragma once

#include "algorithms/registry.h"

#include "shape.h"

#include <CLI/CLI.hpp>

#include <optional>
#include <string>
#include <vector>

namespace weft::tools {

// Adds --collective.
void add_collective_option(CLI::App& app, std::optional<Collective>& collective);

// All algorithms of that name, or all there are where `name` is empty; of one collective or of any.
// Throws Error(invalid_argument) that says which exist.
std::vector<const algorithms::Algorithm*> choose(const std::string& name,
                                                 std::optional<Collective> collective);

// Throws Error(invalid_argument) unless the algorithm can serve that many ranks.
void require_support(const algorithms::Algorithm& algorithm, int ranks);

// A group of ranks to make schedules for.
struct Group {
  int ranks = 1;
  int root = 0;
  int lanes = 1;
  bool load_store = true;  // false: only inside a host
  Layout layout;
};

// All schedules of a group, rank by rank.
std::vector<schedule::Schedule> make_all(const algorithms::Algorithm& algorithm,
                                         const Group& group);

}  // namespace weft::tools
