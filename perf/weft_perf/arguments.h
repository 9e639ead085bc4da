// The command line of weft-perf.
#pragma once

#include <weft/weft.h>

#include "perf/common/command_line.h"

#include <string>

namespace weft::perf {

struct Arguments {
  SweepArguments sweep;
  int ranks = 0;  // to fork; 0: they come from the launcher
  std::string algorithm;
  std::string transports;
  std::string protocol = "auto";
  std::string memory = "plain";
  bool plan = false;
  std::size_t hidden = 1024;  // decode: elements of a row
  std::string wait;
  double timeout_seconds = 0;
  std::string limits;
  std::string command;  // as it was typed, for the record
};

// Adds the options to `app`; `arguments` outlives it.
void add_options(CLI::App& app, Arguments& arguments);

// Adds what the command line sets to what the launcher gave.
Options options_of(const Arguments& arguments, Options options);

// Runs `body` in every rank, forked here or not. What it throws is printed, and is an error.
// Returns the exit status.
int in_every_rank(const Arguments& arguments, const std::function<int(const Options&)>& body);

// The same with the ranks' communicator.
int with_communicator(const Arguments& arguments, const std::function<int(Communicator&)>& body);

// Collective. "#  Rank  0 Pid   4711 on host" for every rank, as nccl-tests lists its devices.
std::string describe_ranks(Communicator& communicator);

}  // namespace weft::perf
