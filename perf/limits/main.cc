// weft-limits: what this machine could do at best, to hold results against.
#include "perf/common/columns.h"
#include "perf/common/command_line.h"
#include "perf/common/gate_options.h"
#include "perf/common/json_lines.h"
#include "perf/common/names.h"
#include "perf/common/sizes.h"
#include "perf/limits/direct_candidate.h"
#include "perf/limits/machine.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <map>

namespace weft::perf {
namespace {

struct LimitsArguments {
  SizeRange sizes;
  double budget_seconds = 0.1;
  bool pin = false;
  std::string memory = "plain";
  GateArguments gate;
  bool skip_copies = false;
  std::string json;
};

// Keeps what was measured.
class Collector : public Reporter {
 public:
  void measured(const Operation&, std::size_t, const Measurement&) override {}
  void row(const Row& row) override { rows.push_back(row); }
  std::vector<Row> rows;
};

struct Timed {
  Strategy strategy;
  Row row;
};

// Everything that was tried for one size.
std::vector<Timed> time_strategies(ThreadPair& pair, std::size_t bytes,
                                   const LimitsArguments& arguments, std::int64_t& wrong) {
  Sweep sweep;
  sweep.sizes = {bytes};
  sweep.placements.assign(1, Placement::out_of_place);  // GCC 14 errs about {}
  sweep.gate = gate_of(arguments.gate);
  sweep.effort.budget_seconds = arguments.budget_seconds;
  const BufferMemory memory = parse_buffer_memory(arguments.memory);
  std::vector<Timed> results;
  for (const Strategy strategy : kStrategies) {
    Collector collector;
    run_pair(arguments.pin, [&](int rank) {
      DirectCandidate candidate(pair, rank, strategy, memory);
      std::vector<Reporter*> reporters;
      if (rank == 0) reporters.push_back(&collector);
      const std::int64_t errors = run_sweep(candidate, sweep, reporters);
      if (rank == 0) wrong += errors;
    });
    for (const Row& row : collector.rows) results.push_back({strategy, row});
  }
  return results;
}

double median_us(const Timed& timed) { return timed.row.out_of_place->timing.microseconds.median; }

void report_size(const std::vector<Timed>& results, JsonLines* json, bool table) {
  const auto best =
      std::min_element(results.begin(), results.end(),
                       [](const Timed& a, const Timed& b) { return median_us(a) < median_us(b); });
  for (const Timed& timed : results) {
    if (json == nullptr) break;
    auto record =
        to_json("limit", kPair, timed.row.operation, timed.row.bytes, *timed.row.out_of_place);
    if (&timed != &*best) record["record"] = "strategy";
    record["strategy"] = text_of(timed.strategy);
    json->write(record);
  }
  if (table) fmt::print("{}  {}\n", format_row(best->row, kPair, nullptr), text_of(best->strategy));
  std::fflush(stdout);
}

void report_cache_line(const Statistics& ns, JsonLines* json, bool table) {
  if (json != nullptr) {
    json->write({{"record", "cache_line"},
                 {"median_ns", ns.median},
                 {"min_ns", ns.min},
                 {"p99_ns", ns.p99},
                 {"samples", ns.samples}});
  }
  if (table) {
    fmt::print("# cache line, one way: {:.0f} ns median, {:.0f} ns min, {:.0f} ns p99\n", ns.median,
               ns.min, ns.p99);
    std::fflush(stdout);
  }
}

void report_copies(const std::vector<CopyRate>& rates, JsonLines* json, bool table) {
  for (const CopyRate& rate : rates) {
    if (json != nullptr) {
      json->write({{"record", "copy"},
                   {"kernel", rate.kernel},
                   {"threads", rate.threads},
                   {"bytes", rate.bytes},
                   {"gb_per_second", rate.gb_per_second}});
    }
    if (table) {
      fmt::print("# {:<9} {:>8}, {} thread{}: {:.1f} GB/s\n", rate.kernel, format_size(rate.bytes),
                 rate.threads, rate.threads == 1 ? " " : "s", rate.gb_per_second);
    }
  }
}

int run(const LimitsArguments& arguments, const std::string& command) {
  std::optional<JsonLines> json;
  if (!arguments.json.empty()) {
    json.emplace(arguments.json);
    json->begin("limit", kPair, command);
  }
  JsonLines* out = json ? &*json : nullptr;
  const bool table = arguments.json != "-";
  report_cache_line(cache_line_one_way(arguments.pin), out, table);
  if (!arguments.skip_copies) {
    report_copies(copy_rates(arguments.pin, arguments.budget_seconds), out, table);
  }
  if (table) {
    fmt::print("# all_reduce by two threads with direct access, the best way per size\n{}",
               format_heading(false));
  }
  ThreadPair pair;
  std::int64_t wrong = 0;
  for (const std::size_t bytes : sizes_of(arguments.sizes)) {
    report_size(time_strategies(pair, bytes, arguments, wrong), out, table);
  }
  if (wrong == 0) return 0;
  fmt::print(stderr, "weft-limits: {} wrong elements\n", wrong);
  return kExitWrong;
}

}  // namespace
}  // namespace weft::perf

int main(int argc, char** argv) {
  using namespace weft::perf;
  CLI::App app(
      "What two threads of this machine can do at best: the way of one cache line between cores, "
      "copies, and an "
      "all_reduce (f32, sum, out of place) with direct access to each other's memory",
      "weft-limits");
  LimitsArguments arguments;
  add_size_options(app, arguments.sizes);
  app.add_option("--budget", arguments.budget_seconds, "Seconds per size and strategy")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--memory", arguments.memory,
                 "Buffers: plain (malloc), shared (a shared mapping) or huge (huge pages)")
      ->check(CLI::IsMember({"plain", "shared", "huge"}))
      ->capture_default_str();
  app.add_flag("--pin", arguments.pin,
               "Bind each thread to a core; without it they move as ranks do");
  add_gate_options(app, arguments.gate);
  app.add_flag("--skip-copies", arguments.skip_copies, "Leave the copy rates out");
  app.add_option("--json", arguments.json,
                 "Also write JSON lines to this file (-: instead of the table)");
  return weft::programs::run(app, argc, argv,
                             [&] { return run(arguments, weft::programs::joined(argc, argv)); });
}
