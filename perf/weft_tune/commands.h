// The commands of weft-tune.
#pragma once

#include <weft/communicator.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "tuner/tuning.h"

namespace weft::perf {

// What all commands take.
struct Job {
  int ranks = 0;  // to fork here; 0: the launcher's
  std::string transports;
};
void add_job_options(CLI::App& app, Job& job);

// Whether what was measured is kept, and where.
struct Keeping {
  bool save = false;
  std::string file;
};
void add_keeping_options(CLI::App& app, Keeping& keeping, const std::string& what);

// Lets `change` work on what is kept, where that is wanted, and says where it is.
void keep(const Keeping& keeping, const std::function<void(tuner::Tuning&)>& change);

// Runs `body` as every rank; the exit status.
int run_job(const Job& job, const std::function<int(const Options&)>& body);

using Run = std::function<int()>;
Run add_explain(CLI::App& app);
Run add_measure(CLI::App& app);
Run add_probe(CLI::App& app);

}  // namespace weft::perf
