// weft-tune explain: what could run a call, what each way costs, and what is chosen.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "perf/common/command_line.h"
#include "perf/common/names.h"
#include "perf/common/sizes.h"
#include "perf/weft_tune/autotune.h"
#include "perf/weft_tune/commands.h"

namespace weft::perf {
namespace {

struct ExplainArguments {
  Job job;
  std::string collective;
  std::string size;
  bool measure = false;
  bool allocated = false;
};

void print(const std::vector<TimedCandidate>& all, bool measured) {
  fmt::print("{:<40}{:>14}{}\n", "candidate", "predicted us", measured ? "   measured us" : "");
  for (const TimedCandidate& timed : all) {
    const weft::Candidate& candidate = timed.candidate;
    const std::string time = !measured       ? ""
                             : timed.us == 0 ? fmt::format("{:>14}", "-")
                                             : fmt::format("{:>14.2f}", timed.us);
    fmt::print("{:<40}{:>14.2f}{}{}\n", text_of(candidate.how), candidate.predicted_us, time,
               candidate.chosen ? "  chosen" : "");
  }
  if (measured) fmt::print("# -: far behind at a first look, or by its price; not timed\n");
}

int explain(const ExplainArguments& arguments, const Options& options) {
  Communicator communicator = Communicator::create(options);
  TimedCall call;
  call.collective = parse_collective(arguments.collective);
  call.bytes = parse_size(arguments.size);
  call.allocated = arguments.allocated;
  call.seconds = 2;
  std::vector<TimedCandidate> all;
  if (arguments.measure) {
    all = autotune(communicator, call);
  } else {
    for (auto& candidate : communicator.candidates(call.collective, call.bytes, call.allocated))
      all.push_back({std::move(candidate)});
  }
  // Nobody leaves while others still look at its memory.
  communicator.barrier();
  if (communicator.rank() != 0) return 0;
  fmt::print("# {} of {}: {}\n", text_of(call.collective), format_size(call.bytes),
             communicator.situation());
  if (all.empty()) {
    fmt::print("# with so many ranks schedules are not priced; rules of thumb choose\n");
    return 0;
  }
  print(all, arguments.measure);
  return 0;
}

}  // namespace

Run add_explain(CLI::App& app) {
  const auto arguments = std::make_shared<ExplainArguments>();
  app.add_option("collective", arguments->collective, list_of_collectives())->required();
  app.add_option("size", arguments->size, "Bytes of the call's count: 8, 64K, 1M")->required();
  app.add_flag("--measure", arguments->measure, "Time the candidates too, interleaved");
  app.add_flag("--allocated", arguments->allocated, "Between buffers of Communicator::allocate()");
  add_job_options(app, arguments->job);
  return [arguments] {
    parse_collective(arguments->collective);
    parse_size(arguments->size);
    return run_job(arguments->job,
                   [&](const Options& options) { return explain(*arguments, options); });
  };
}

}  // namespace weft::perf
