// The one place that reads the environment. Everything else receives what it needs as arguments.
#pragma once

#include <weft/options.h>

#include "base/log.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weft {

// torchrun-style start-up variables, where all of RANK and WORLD_SIZE are set.
struct LaunchVariables {
  int rank = 0;
  int size = 1;
  std::string root_address;  // MASTER_ADDR:MASTER_PORT; empty without a MASTER_PORT
};

// What a job is called, so that its ranks are told from another's.
struct JobName {
  std::string name;     // empty: nobody has said
  std::string origin;   // the variable it comes from
  bool chosen = false;  // by the user for this purpose: nothing else is looked at
};

// Options with every unset member filled from its environment variable or its default.
struct Config {
  Options options;
  std::chrono::nanoseconds timeout{};
  WaitPolicy wait_policy = WaitPolicy::automatic;
  std::size_t shared_bytes = 0;
  std::size_t unexpected_bytes = 0;
  Protocol protocol = Protocol::automatic;
  std::string default_tuning;  // the file that is read where options.tuning is empty; may not exist
  LogLevel log_level = LogLevel::warn;    // [WEFT_LOG: silent, warn, info, debug]
  std::string topology;                   // [WEFT_TOPOLOGY_XML], topology/host.h; empty: this host
  bool pmix_present = false;              // a PMIx launcher started this process
  int pmi_ranks = 0;                      // ranks of a PMI-1 launcher (MPICH's); 0: none
  std::optional<LaunchVariables> launch;  // torchrun-style
  JobName job;                            // Options::job, or what a launcher calls it
};

// Reads the environment once. Throws Error(invalid_argument) naming a variable whose value cannot
// be read.
Config resolve(const Options& options);

// A transport's setting: "shm.backing" is WEFT_SHM_BACKING. Null where it is unset.
const char* transport_setting(std::string_view name);

// A variable of another library, whose user has the last word; empty: it is not set.
std::string foreign_variable(const char* name);

// Every WEFT_... variable that is set, with its value, sorted by name.
std::vector<std::pair<std::string, std::string>> weft_variables();

}  // namespace weft
