#include "schedule/verify.h"

#include "schedule/text.h"
#include "schedule/verify_parts.h"

#include <algorithm>

namespace weft::schedule {
namespace {

bool lane_equals_first(std::span<const Schedule> ranks, std::size_t lane) {
  return lane > 0 && std::ranges::all_of(ranks, [lane](const Schedule& schedule) {
           return schedule.lanes[lane].steps == schedule.lanes[0].steps;
         });
}

// Whether the way of delivery makes a difference.
bool puts_to_outputs(std::span<const Schedule> ranks, std::size_t lane) {
  return std::ranges::any_of(ranks, [lane](const Schedule& schedule) {
    return std::ranges::any_of(schedule.lanes[lane].steps, [&](const Step& step) {
      return step.kind == StepKind::wait && !step.dsts.empty() &&
             step.dsts[0].place.buffer == Buffer::output;
    });
  });
}

// Every byte of the message must be in some lane's chunk of some pass.
void check_partition(const Schedule& frame, const VerifyOptions& options, Report& report) {
  const Partition& partition = *options.partition;
  std::size_t bytes = 0;
  const auto chunks = static_cast<std::size_t>(partition.passes) * frame.lanes.size();
  for (std::size_t block = 0; block < static_cast<std::size_t>(frame.blocks); ++block) {
    for (std::size_t chunk = 0; chunk < chunks; ++chunk) bytes += partition.length(block, chunk);
  }
  if (bytes == partition.total) return;
  report.add(-1, -1, -1, "chunks hold {} bytes of a message of {}", bytes, partition.total);
}

}  // namespace

std::string to_text(const Problem& problem, std::span<const Schedule> ranks) {
  if (problem.rank < 0) return problem.what;
  std::string where = fmt::format("rank {}", problem.rank);
  if (problem.lane >= 0) where += fmt::format(", lane {}", problem.lane);
  if (problem.step >= 0) {
    const Schedule& schedule = ranks[static_cast<std::size_t>(problem.rank)];
    const Step& step = schedule.lanes[static_cast<std::size_t>(problem.lane)]
                           .steps[static_cast<std::size_t>(problem.step)];
    where += fmt::format(", step {} ({})", problem.step, to_text(step, problem.rank));
  }
  return where + ": " + problem.what;
}

std::vector<Problem> verify(std::span<const Schedule> ranks, const VerifyOptions& options) {
  Report report(options.max_problems);
  check_shape(ranks, options, report);
  if (!report.empty()) return report.take();
  if (options.partition != nullptr) check_partition(ranks[0], options, report);
  const int lanes = static_cast<int>(ranks[0].lanes.size());
  for (int number = 0; number < lanes; ++number) {
    const auto lane = static_cast<std::size_t>(number);
    if (options.partition == nullptr && lane_equals_first(ranks, lane)) continue;
    const Elements elements =
        options.partition == nullptr
            ? Elements(ranks[0].blocks, options.passes)
            : Elements(*options.partition, options.element_bytes, number, lanes);
    const SignalTable signals = check_signals(ranks, number, report);
    if (!report.empty()) break;
    simulate(ranks, number, signals, Delivery::at_once, elements, report);
    if (!ranks[0].direct && puts_to_outputs(ranks, lane)) {
      simulate(ranks, number, signals, Delivery::through_slot, elements, report);
    }
    if (!report.empty()) break;
  }
  return report.take();
}

}  // namespace weft::schedule
