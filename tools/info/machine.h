// One or several hosts with ranks on them, for weft-info topology.
#pragma once

#include "topology/job.h"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace weft::tools {

struct MachineOptions {
  std::string source;  // topology::ProbeOptions::source
  int ranks = 0;       // on each host; 0: one, where this process runs
  int hosts = 1;       // alike
};

struct Machine {
  std::string title;  // what was looked at
  topology::Job job;
  topology::Shape shape;  // what algorithms see of it
};

// Throws Error(invalid_argument) for a source that cannot be read.
Machine make_machine(const MachineOptions& options);

// Which devices a rank uses and why, in a sentence.
std::string why(const topology::Job& job, int rank);

std::string to_text(const Machine& machine);
std::string to_svg(const Machine& machine);

// Keys stay in this order: title, hosts, ranks, levels. What is unknown is null.
nlohmann::ordered_json to_json(const Machine& machine);

}  // namespace weft::tools
