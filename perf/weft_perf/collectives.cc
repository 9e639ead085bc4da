// weft's collectives in the common loop.
#include "perf/common/names.h"
#include "perf/weft_perf/modes.h"
#include "perf/weft_perf/weft_candidate.h"

#include <fmt/format.h>

namespace weft::perf {
namespace {

std::string describe_run(Communicator& communicator, const Arguments& a) {
  const std::string ranks = describe_ranks(communicator);
  const SweepArguments& s = a.sweep;
  const std::string step = s.increment.empty() ? fmt::format("{}(factor)", s.factor)
                                               : fmt::format("{}(bytes)", s.increment);
  const std::string iterations =
      s.iterations > 0 ? fmt::to_string(s.iterations) : fmt::format("{} s", s.budget_seconds);
  return fmt::format(
      "# weft-perf {} (weft {}): {} ranks, {} memory, {}\n"
      "# minBytes {} maxBytes {} step: {} warmup iters: {} iters: {} validation: {}\n"
      "# algorithm: {} protocol: {} setting: {}; time is the median per call, GB = 1e9 B\n#\n"
      "# Using ranks\n{}#\n",
      text_of(parse_collective(s.collective)), WEFT_VERSION, communicator.size(), a.memory,
      a.plan ? "plans" : "one-off calls", s.min_bytes, s.max_bytes, step,
      s.warmup >= 0 ? fmt::to_string(s.warmup) : "by size", iterations, s.check ? 1 : 0,
      a.algorithm.empty() ? "auto" : a.algorithm, a.protocol, text_of(s.setting), ranks);
}

}  // namespace

int run_collective(const Arguments& arguments) {
  // Mistakes that need no ranks are reported once, before any is started.
  if (arguments.ranks > 0) {
    sweep_of(arguments.sweep, arguments.ranks);
  } else {
    parse_collective(arguments.sweep.collective);
  }
  const LimitsTable limits =
      arguments.limits.empty() ? LimitsTable() : LimitsTable::load(arguments.limits);
  return with_communicator(arguments, [&](Communicator& communicator) {
    WeftCandidate candidate(communicator,
                            {.plan = arguments.plan, .allocated = arguments.memory == "allocated"});
    const Presentation presentation{.command = arguments.command,
                                    .preamble = describe_run(communicator, arguments),
                                    .limits = limits.empty() ? nullptr : &limits};
    return run_candidate(candidate, arguments.sweep, presentation);
  });
}

}  // namespace weft::perf
