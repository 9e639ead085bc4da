#include "perf/pairs/program.h"

#include "perf/common/json_lines.h"
#include "perf/common/operation.h"
#include "perf/common/sizes.h"
#include "perf/pairs/columns.h"
#include "perf/pairs/histogram.h"

#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include <stdexcept>

namespace weft::perf {
namespace {

class PairJson : public PairReporter {
 public:
  PairJson(JsonLines& lines, const PairCandidate& candidate)
      : lines_(lines), name_(candidate.name()), ranks_(candidate.size()) {}

  void measured(const PairMeasurement& result) override {
    lines_.write(to_json(name_, ranks_, result));
  }

 private:
  JsonLines& lines_;
  std::string name_;
  int ranks_;
};

}  // namespace

nlohmann::ordered_json to_json(const std::string& candidate, int ranks,
                               const PairMeasurement& result) {
  const std::size_t bytes = result.operation.bytes;
  nlohmann::ordered_json record = {{"record", "result"},
                                   {"candidate", candidate},
                                   {"mode", text_of(result.operation.mode)},
                                   {"ranks", ranks},
                                   {"bytes", bytes},
                                   {"median_us", rounded(result.batches.median)},
                                   {"mad_us", rounded(result.batches.mad)},
                                   {"p99_us", rounded(result.singles.p99)},
                                   {"p999_us", rounded(result.singles.p999)},
                                   {"mean_us", rounded(result.batches.mean)},
                                   {"stdev_us", rounded(result.singles.stdev)},
                                   {"min_us", rounded(result.singles.min)},
                                   {"max_us", rounded(result.singles.max)},
                                   {"samples", result.batches.samples},
                                   {"batch", result.batch},
                                   {"window", window_of(result.operation)},
                                   {"algbw", rounded(bandwidth(bytes, result.batches.median))}};
  record["line_ns"] = {or_null(result.line_before_ns), or_null(result.line_after_ns)};
  record["wrong"] = result.wrong ? nlohmann::ordered_json(*result.wrong) : nullptr;
  nlohmann::ordered_json bins = nlohmann::ordered_json::array();
  for (const auto& [from_us, count] : histogram_of(result.samples)) {
    bins.push_back({rounded(from_us), count});
  }
  record["histogram"] = std::move(bins);
  return record;
}

PairSweep pair_sweep_of(const SweepArguments& a) {
  PairSweep sweep;
  const auto mode = find_pair_mode(a.collective);
  if (!mode) {
    throw std::invalid_argument(
        fmt::format("unknown mode '{}'; there are: {}", a.collective, list_of_pair_modes()));
  }
  refuse_setting(a);
  sweep.mode = *mode;
  sweep.sizes = sizes_of(a);
  sweep.effort = effort_of(a);
  sweep.gate = gate_of(a.gate);
  sweep.check = a.check;
  return sweep;
}

int run_pair_candidate(PairCandidate& candidate, const SweepArguments& arguments,
                       const Presentation& presentation) {
  const PairSweep sweep = pair_sweep_of(arguments);
  std::vector<PairReporter*> reporters;
  std::optional<JsonLines> lines;
  std::optional<PairJson> json;
  std::optional<PairColumns> columns;
  if (candidate.rank() == 0 && !arguments.json.empty()) {
    lines.emplace(arguments.json);
    lines->begin(candidate.name(), candidate.size(), presentation.command);
    json.emplace(*lines, candidate);
    reporters.push_back(&*json);
  }
  if (candidate.rank() == 0 && arguments.json != "-") {
    columns.emplace(stdout, sweep.mode);
    fmt::print("{}", presentation.preamble);
    columns->heading();
    reporters.push_back(&*columns);
  }
  const std::int64_t wrong = run_pair_sweep(candidate, sweep, reporters);
  if (columns) columns->summary(wrong, sweep.check);
  return wrong == 0 ? 0 : kExitWrong;
}

}  // namespace weft::perf
