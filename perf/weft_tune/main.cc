// weft-tune: shows, measures and keeps what weft's choices rest on.
#include <fmt/format.h>
#include <weft/weft.h>

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

#include "base/config.h"
#include "perf/common/command_line.h"
#include "perf/weft_tune/commands.h"
#include "perf/weft_tune/file.h"

namespace weft::perf {
namespace {

// Whether this process is one of several that a launcher started.
bool launched() {
  const Config config = resolve({});
  return config.pmix_present || config.launch || config.options.rank || config.pmi_ranks > 0;
}

// One rank alone has nobody to call.
int processors() { return std::max(2, static_cast<int>(std::thread::hardware_concurrency())); }

}  // namespace

void add_job_options(CLI::App& app, Job& job) {
  app.add_option("--ranks", job.ranks,
                 "Fork this many ranks here; without it they come from the launcher, and without "
                 "one there is one for each processor")
      ->check(CLI::PositiveNumber);
  app.add_option("--transport", job.transports,
                 "Use only these, comma-separated; default: the best for each pair");
}

void add_keeping_options(CLI::App& app, Keeping& keeping, const std::string& what) {
  app.add_flag("--save", keeping.save, fmt::format("Keep {} in the tuning file", what));
  app.add_option("--file", keeping.file, "The tuning file; default: where weft looks for it");
}

void keep(const Keeping& keeping, const std::function<void(tuner::Tuning&)>& change) {
  if (!keeping.save) return;
  const std::string path = tuning_path(keeping.file);
  update_tuning(path, change);
  fmt::print("# kept in {}\n", path);
}

int run_job(const Job& job, const std::function<int(const Options&)>& body) {
  const auto rank = [&](const Options& launch) {
    return programs::guard("weft-tune", [&] {
      Options options = launch;
      if (!job.transports.empty()) options.transports = job.transports;
      return body(options);
    });
  };
  if (job.ranks > 0) return run_local_ranks(job.ranks, rank);
  return launched() ? rank({}) : run_local_ranks(processors(), rank);
}

}  // namespace weft::perf

int main(int argc, char** argv) {
  using namespace weft::perf;
  CLI::App app(
      "Shows, measures and keeps what weft's choice of algorithms rests on. Run it as you run "
      "your\n"
      "ranks: what it keeps counts for jobs of that shape.",
      "weft-tune");
  app.require_subcommand(1);
  app.footer(
      "Examples:\n"
      "  weft-tune explain all_reduce 1M --ranks 4\n"
      "  mpirun -n 8 weft-tune explain all_reduce 64K --measure\n"
      "  mpirun -n 8 weft-tune probe --save\n"
      "  mpirun -n 8 weft-tune measure all_reduce all_gather -b 8 -e 64M --save\n"
      "What is kept is read at the start of each job, by its rank 0: WEFT_TUNING names the file.");
  std::vector<std::pair<CLI::App*, Run>> commands;
  const auto add = [&](const char* name, const char* about, auto make) {
    CLI::App* command = app.add_subcommand(name, about);
    commands.emplace_back(command, make(*command));
  };
  add("explain", "Print the candidates for a call with their predicted (and measured) times",
      add_explain);
  add("probe", "Measure what links cost, for the predictions", add_probe);
  add("measure", "Time all candidates over a sweep; tell how good the choices are", add_measure);
  return weft::programs::run(app, argc, argv, [&] {
    for (const auto& [command, run] : commands) {
      if (command->parsed()) return run();
    }
    return kExitError;
  });
}
