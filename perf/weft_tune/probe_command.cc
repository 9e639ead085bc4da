// weft-tune probe: measures what links cost and keeps it.
#include <fmt/format.h>

#include <memory>

#include "perf/transport/probe.h"
#include "perf/weft_tune/commands.h"
#include "perf/weft_tune/file.h"

namespace weft::perf {
namespace {

struct ProbeArguments {
  Job job;
  Keeping keeping;
};

int probe(const ProbeArguments& arguments, const Options& options) {
  const Probed probed = probe_links(options);
  if (probed.links.empty()) return 0;  // no rank of its own, or not rank 0
  fmt::print("# {}\n{:<10}{:>12}{:>10}{:>12}{:>14}{:>16}{:>18}\n", probed.situation, "to",
             "latency ns", "send ns", "receive ns", "wire ns/byte", "sender ns/byte",
             "receiver ns/byte");
  for (const auto& [name, link] : probed.links) {
    fmt::print("{:<10}{:>12.0f}{:>10.0f}{:>12.0f}{:>14.4f}{:>16.4f}{:>18.4f}\n", name,
               link.latency_ns, link.send_ns, link.receive_ns, link.ns_per_byte,
               link.send_ns_per_byte, link.receive_ns_per_byte);
  }
  if (probed.poll_pauses) fmt::print("# pauses between two polls: {}\n", *probed.poll_pauses);
  keep(arguments.keeping, [&](tuner::Tuning& tuning) {
    tuning.measured[probed.situation].links = probed.links;
    if (probed.poll_pauses) tuning.poll_pauses = probed.poll_pauses;
  });
  return 0;
}

}  // namespace

Run add_probe(CLI::App& app) {
  const auto arguments = std::make_shared<ProbeArguments>();
  add_keeping_options(app, arguments->keeping, "the costs");
  add_job_options(app, arguments->job);
  return [arguments] {
    return run_job(arguments->job,
                   [&](const Options& options) { return probe(*arguments, options); });
  };
}

}  // namespace weft::perf
