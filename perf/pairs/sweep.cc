#include "perf/pairs/sweep.h"

#include "perf/pairs/check.h"

#include <fmt/format.h>

#include <stdexcept>

namespace weft::perf {
namespace {

// From times of whole runs to times of a message.
void keep_timing(Timing timing, std::size_t messages, PairMeasurement& result) {
  const double share = 1.0 / static_cast<double>(messages);
  result.batch = timing.batch;
  result.messages = timing.microseconds.samples * timing.batch * messages;
  result.batches = scaled(timing.microseconds, share);
  result.samples = std::move(timing.singles);
  for (double& sample : result.samples) sample *= share;
  result.singles = summarize(result.samples);
}

PairMeasurement measure_loop(PairCandidate& candidate, PairLoop& loop, const PairSweep& sweep,
                             LineProbe& probe, std::size_t bytes) {
  PairMeasurement result;
  result.operation = {sweep.mode, bytes};
  PlacementGuard guard(candidate, probe, sweep.gate);
  result.line_before_ns = guard.wait();
  const Keep keep = sweep.gate.open() ? Keep() : [&] { return guard.held(); };
  const auto calls = [&](std::size_t count) { loop.run(count); };
  keep_timing(measure(candidate, calls, bytes, sweep.effort, keep), loop.messages(), result);
  result.line_after_ns = probe.one_way_ns();
  return result;
}

}  // namespace

std::optional<double> PairMeasurement::line_ns() const {
  if (!line_before_ns || !line_after_ns) return std::nullopt;
  return (*line_before_ns + *line_after_ns) / 2;
}

std::int64_t run_pair_sweep(PairCandidate& candidate, const PairSweep& sweep,
                            const std::vector<PairReporter*>& reporters) {
  if (candidate.size() < 2) {
    throw std::invalid_argument("a message has two ends: start this with at least 2 ranks");
  }
  LineProbe probe(candidate);
  std::int64_t wrong = 0;
  std::uint64_t seed = 0;
  for (const std::size_t bytes : sweep.sizes) {
    const auto loop = candidate.make_loop({sweep.mode, bytes});
    if (loop == nullptr) {
      throw std::invalid_argument(
          fmt::format("{} has no {} of {} bytes", candidate.name(), text_of(sweep.mode), bytes));
    }
    const std::int64_t before = sweep.check ? check_pair(candidate, *loop, ++seed) : 0;
    PairMeasurement result = measure_loop(candidate, *loop, sweep, probe, bytes);
    if (sweep.check) result.wrong = before + check_pair(candidate, *loop, ++seed);
    wrong += result.wrong.value_or(0);
    for (PairReporter* reporter : reporters) reporter->measured(result);
    candidate.barrier();  // before the loop and its memory go
  }
  return wrong;
}

}  // namespace weft::perf
