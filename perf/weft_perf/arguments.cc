#include "perf/weft_perf/arguments.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <map>
#include <vector>

namespace weft::perf {

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
  app.add_option("--hidden", a.hidden, "decode: elements of a row")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--wait", a.wait, "spin, yield, block or auto")
      ->check(CLI::IsMember({"spin", "yield", "block", "auto"}));
  app.add_option("--timeout", a.timeout_seconds, "Seconds every wait may take")
      ->check(CLI::PositiveNumber);
  app.add_option("--limits", a.limits,
                 "A file by weft-limits --json; adds the fraction of the limit");
}

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

int in_every_rank(const Arguments& arguments, const std::function<int(const Options&)>& body) {
  const auto guarded = [&](const Options& launch) {
    return programs::guard("weft-perf", [&] { return body(options_of(arguments, launch)); });
  };
  return arguments.ranks == 0 ? guarded({}) : run_local_ranks(arguments.ranks, guarded);
}

int with_communicator(const Arguments& arguments, const std::function<int(Communicator&)>& body) {
  return in_every_rank(arguments, [&](const Options& options) {
    Communicator communicator = Communicator::create(options);
    return body(communicator);
  });
}

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

}  // namespace weft::perf
