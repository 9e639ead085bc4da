// weft-perf: times and checks weft's collectives, and prints nccl-tests' columns.
#include "perf/common/command_line.h"
#include "perf/common/names.h"
#include "perf/common/sizes.h"
#include "perf/transport/put_benchmark.h"
#include "perf/weft_perf/moe.h"
#include "perf/weft_perf/weft_candidate.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <map>
#include <vector>

namespace weft::perf {
namespace {

struct Arguments {
  SweepArguments sweep;
  int ranks = 0;
  std::string algorithm;
  std::string transports;
  std::string protocol = "auto";
  std::string memory = "plain";
  bool plan = false;
  std::string wait;
  double timeout_seconds = 0;
  std::string limits;
};

// Adds what the command line sets to what the launcher gave.
Options options_of(const Arguments& arguments, Options options) {
  if (!arguments.algorithm.empty()) options.algorithm = arguments.algorithm;
  if (!arguments.transports.empty()) options.transports = arguments.transports;
  if (arguments.timeout_seconds > 0) {
    options.timeout = std::chrono::nanoseconds(std::llround(arguments.timeout_seconds * 1e9));
  }
  const std::map<std::string, WaitPolicy> policies = {{"auto", WaitPolicy::automatic},
                                                      {"spin", WaitPolicy::spin},
                                                      {"yield", WaitPolicy::yield},
                                                      {"block", WaitPolicy::block}};
  if (!arguments.wait.empty()) options.wait_policy = policies.at(arguments.wait);
  if (arguments.protocol == "packet") options.protocol = Protocol::packet;
  if (arguments.protocol == "bulk") options.protocol = Protocol::bulk;
  return options;
}

// Collective. "#  Rank  0 Pid   4711 on host" for every rank, as nccl-tests lists its devices.
std::string describe_ranks(Communicator& communicator) {
  struct Place {
    std::int64_t pid;
    char host[64];
  };
  Place own = {getpid(), {}};
  gethostname(own.host, sizeof(own.host) - 1);
  std::vector<Place> all(static_cast<std::size_t>(communicator.size()));
  communicator.all_gather(&own, all.data(), sizeof(Place), DataType::u8);
  std::string text;
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    text += fmt::format("#  Rank {:>3} Pid {:>7} on {}\n", rank, all[rank].pid, all[rank].host);
  }
  return text;
}

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
      "# algorithm: {} protocol: {}; time is the median per call, GB = 1e9 B\n#\n"
      "# Using ranks\n{}#\n",
      text_of(parse_collective(s.collective)), WEFT_VERSION, communicator.size(), a.memory,
      a.plan ? "plans" : "one-off calls", s.min_bytes, s.max_bytes, step,
      s.warmup >= 0 ? fmt::to_string(s.warmup) : "by size", iterations, s.check ? 1 : 0,
      a.algorithm.empty() ? "auto" : a.algorithm, a.protocol, ranks);
}

int run_rank(const Arguments& arguments, const Options& launch, const LimitsTable& limits,
             const std::string& command) {
  try {
    Communicator communicator = Communicator::create(options_of(arguments, launch));
    WeftCandidate candidate(communicator,
                            {.plan = arguments.plan, .allocated = arguments.memory == "allocated"});
    const Presentation presentation{.command = command,
                                    .preamble = describe_run(communicator, arguments),
                                    .limits = limits.empty() ? nullptr : &limits};
    return run_candidate(candidate, arguments.sweep, presentation);
  } catch (const std::exception& error) {
    fmt::print(stderr, "weft-perf: {}\n", error.what());
    return kExitError;
  }
}

bool is_put(const Arguments& arguments) {
  return arguments.sweep.collective == "put_lat" || arguments.sweep.collective == "put_bw";
}

int run_put(const Arguments& arguments) {
  const SweepArguments& a = arguments.sweep;
  PutBenchmark benchmark;
  benchmark.bandwidth = a.collective == "put_bw";
  benchmark.iterations = a.iterations;
  const std::size_t increment = a.increment.empty() ? 0 : parse_size(a.increment);
  benchmark.sizes =
      sweep_sizes(parse_size(a.min_bytes), parse_size(a.max_bytes), a.factor, increment);
  const auto body = [&](const Options& launch) {
    try {
      run_put_benchmark(benchmark, options_of(arguments, launch));
      return 0;
    } catch (const std::exception& error) {
      fmt::print(stderr, "weft-perf: {}\n", error.what());
      return kExitError;
    }
  };
  return arguments.ranks == 0 ? body({}) : run_local_ranks(arguments.ranks, body);
}

int run_experts(const Arguments& arguments) {
  const auto body = [&](const Options& launch) {
    try {
      Communicator communicator = Communicator::create(options_of(arguments, launch));
      return run_moe(communicator, arguments.sweep.iterations);
    } catch (const std::exception& error) {
      fmt::print(stderr, "weft-perf: {}\n", error.what());
      return kExitError;
    }
  };
  return arguments.ranks == 0 ? body({}) : run_local_ranks(arguments.ranks, body);
}

int run(const Arguments& arguments, const std::string& command) {
  if (arguments.sweep.collective == "moe") return run_experts(arguments);
  if (is_put(arguments)) return run_put(arguments);
  // Mistakes that need no ranks are reported once, before any is started.
  if (arguments.ranks > 0) {
    sweep_of(arguments.sweep, arguments.ranks);
  } else {
    parse_collective(arguments.sweep.collective);
  }
  const LimitsTable limits =
      arguments.limits.empty() ? LimitsTable() : LimitsTable::load(arguments.limits);
  if (arguments.ranks == 0) return run_rank(arguments, {}, limits, command);
  return run_local_ranks(arguments.ranks, [&](const Options& launch) {
    return run_rank(arguments, launch, limits, command);
  });
}

void add_options(CLI::App& app, Arguments& a) {
  add_sweep_options(app, a.sweep);
  app.add_option("--ranks", a.ranks,
                 "Fork this many ranks here; without it they come from the launcher")
      ->check(CLI::PositiveNumber);
  app.add_option(
      "--transport", a.transports,
      "Use only these, comma-separated, e.g. shm, verbs; default: the best for each pair");
  app.add_option("--algorithm", a.algorithm, "By name, see weft-schedule list; default: by cost");
  app.add_option("--protocol", a.protocol, "packet, bulk or auto")
      ->check(CLI::IsMember({"packet", "bulk", "auto"}))
      ->capture_default_str();
  app.add_option("--memory", a.memory, "plain: malloc; allocated: Communicator::allocate()")
      ->check(CLI::IsMember({"plain", "allocated"}))
      ->capture_default_str();
  app.add_flag("--plan", a.plan, "Make a plan per size and start it, instead of one-off calls");
  app.add_option("--wait", a.wait, "spin, yield, block or auto")
      ->check(CLI::IsMember({"spin", "yield", "block", "auto"}));
  app.add_option("--timeout", a.timeout_seconds, "Seconds every wait may take")
      ->check(CLI::PositiveNumber);
  app.add_option("--limits", a.limits,
                 "A file by weft-limits --json; adds the fraction of the limit");
  app.footer(
      "put_lat and put_bw time one put between two ranks, in perftest's columns (-b -e -f -i -n).\n"
      "moe times plan_moe's dispatch and combine for 8 to 256 tokens (-n).\n"
      "Examples:\n"
      "  weft-perf all_reduce --ranks 2 -b 8 -e 128M -f 2 -c 1\n"
      "  weft-perf all_reduce --ranks 2 --memory allocated --plan --limits limits.json\n"
      "  weft-perf put_lat --ranks 2 --transport verbs -e 4K\n"
      "  mpirun -n 4 weft-perf all_gather -e 4M -d bf16\n"
      "The exit status is 0, 1 where results were wrong, 2 after an error.");
}

}  // namespace
}  // namespace weft::perf

int main(int argc, char** argv) {
  using namespace weft::perf;
  CLI::App app("Times and checks weft's collectives; prints the columns of nccl-tests",
               "weft-perf");
  Arguments arguments;
  add_options(app, arguments);
  return run_main(app, argc, argv, [&] { return run(arguments, joined(argc, argv)); });
}
