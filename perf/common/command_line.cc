#include "perf/common/command_line.h"

#include "perf/common/columns.h"
#include "perf/common/json_lines.h"
#include "perf/common/names.h"
#include "perf/common/sizes.h"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>

namespace weft::perf {
namespace {

std::vector<int> parse_roots(const std::string& text, int ranks) {
  std::vector<int> roots;
  if (text == "all") {
    for (int root = 0; root < ranks; ++root) roots.push_back(root);
    return roots;
  }
  int root = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), root);
  if (error != std::errc() || end != text.data() + text.size() || root < 0 || root >= ranks) {
    throw std::invalid_argument(
        fmt::format("'{}' is no root; write a rank from 0 to {}, or all", text, ranks - 1));
  }
  return {root};
}

std::vector<Placement> parse_placement(const std::string& text) {
  if (text == "out") return {Placement::out_of_place};
  if (text == "in") return {Placement::in_place};
  return {Placement::out_of_place, Placement::in_place};
}

}  // namespace

void add_sweep_options(CLI::App& app, SweepArguments& a) {
  app.add_option("collective", a.collective, "One of " + list_of_collectives())->required();
  add_size_options(app, a);
  app.add_option("-i,--stepbytes", a.increment,
                 "Each size is the one before plus this; wins over -f");
  app.add_option("--sizes", a.sizes,
                 "Exactly these, comma-separated: 8,1K,64M; wins over -b -e -f -i");
  app.add_option("-n,--iters", a.iterations, "Timed calls per size; default: as fit into --budget");
  app.add_option("-w,--warmup_iters", a.warmup,
                 "Untimed calls per size; default: 5, above 8 MiB 2");
  app.add_option("--budget", a.budget_seconds, "Seconds per size and placement without -n")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("-c,--check", a.check, "1: check the results, 0: do not")->capture_default_str();
  app.add_option("-d,--datatype", a.types, "f32 f64 f16 bf16 i8 u8 i32 u32 i64 u64, or all")
      ->capture_default_str();
  app.add_option("-o,--op", a.ops, "sum prod min max avg, or all")->capture_default_str();
  app.add_option("-r,--root", a.root, "Root rank, or all")->capture_default_str();
  app.add_option("--placement", a.placement, "Buffers: out (of place), in (place), or both")
      ->check(CLI::IsMember({"out", "in", "both"}))
      ->capture_default_str();
  add_gate_options(app, a.gate);
  app.add_flag("--sync", a.setting.sync,
               "Collectives: a barrier before each call; the longest of the ranks' times counts");
  app.add_flag("--fresh", a.setting.fresh,
               "Collectives: the input is written anew before each call");
  app.add_flag("--mixed", a.setting.mixed, "Collectives: a small all-reduce before each call");
  app.add_option("--json", a.json, "Also write JSON lines to this file (-: instead of the table)");
}

std::vector<std::size_t> sizes_of(const SweepArguments& a) {
  if (!a.sizes.empty()) return parse_sizes(a.sizes);
  const std::size_t increment = a.increment.empty() ? 0 : parse_size(a.increment);
  return sizes_of(a, increment);
}

void refuse_setting(const SweepArguments& a) {
  if (a.setting.in_a_loop()) return;
  throw std::invalid_argument(
      fmt::format("--sync, --fresh and --mixed are for collectives, not {}", a.collective));
}

Effort effort_of(const SweepArguments& a) {
  Effort effort{.budget_seconds = a.budget_seconds};
  if (a.iterations > 0) effort.iterations = a.iterations;
  if (a.warmup >= 0) effort.warmup = static_cast<std::size_t>(a.warmup);
  return effort;
}

Sweep sweep_of(const SweepArguments& a, int ranks) {
  Sweep sweep;
  sweep.collective = parse_collective(a.collective);
  sweep.sizes = sizes_of(a);
  sweep.types = parse_types(a.types);
  sweep.ops = parse_ops(a.ops);
  sweep.roots = parse_roots(a.root, ranks);
  sweep.placements = parse_placement(a.placement);
  sweep.effort = effort_of(a);
  sweep.setting = a.setting;
  sweep.gate = gate_of(a.gate);
  sweep.check = a.check;
  return sweep;
}

int run_candidate(Candidate& candidate, const SweepArguments& arguments,
                  const Presentation& presentation) {
  const Sweep sweep = sweep_of(arguments, candidate.size());
  std::vector<Reporter*> reporters;
  std::optional<JsonLines> json;
  std::optional<ColumnReporter> columns;
  if (candidate.rank() == 0 && !arguments.json.empty()) {
    json.emplace(arguments.json);
    json->begin(candidate.name(), candidate.size(), presentation.command);
    reporters.push_back(&*json);
  }
  if (candidate.rank() == 0 && arguments.json != "-") {
    columns.emplace(stdout, candidate.size(), presentation.limits);
    fmt::print("{}", presentation.preamble);
    columns->heading();
    reporters.push_back(&*columns);
  }
  const std::int64_t wrong = run_sweep(candidate, sweep, reporters);
  if (columns) columns->summary(wrong, sweep.check);
  return wrong == 0 ? 0 : kExitWrong;
}

}  // namespace weft::perf
