#include "schedule/text.h"

#include <fmt/format.h>
#include <weft/collective_traits.h>

#include <algorithm>
#include <tuple>

namespace weft::schedule {
namespace {

std::string range(int first, int count) {
  return count == 1 ? fmt::format("{}", first) : fmt::format("{}..{}", first, first + count - 1);
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty()) text += separator;
    text += part;
  }
  return text;
}

std::string verb(const Step& step, int rank) {
  switch (step.kind) {
    case StepKind::copy: {
      const auto remote = [rank](const Destination& d) { return d.place.rank != rank; };
      return std::ranges::any_of(step.dsts, remote) ? "put" : "copy";
    }
    case StepKind::reduce:
      return step.final ? "reduce*" : "reduce";
    case StepKind::signal:
      return "signal";
    case StepKind::wait:
      return "wait";
  }
  return "?";
}

std::string data_text(const Step& step, int rank) {
  std::vector<std::string> sources, targets;
  for (const Operand& source : step.srcs) sources.push_back(to_text(source, step.blocks, rank));
  for (const Destination& destination : step.dsts) {
    std::string text = to_text(destination.place, step.blocks, rank);
    if (destination.place.buffer == Buffer::output && destination.signal != kNoSignal) {
      text += fmt::format(" (slot {})", destination.signal);
    }
    targets.push_back(text);
  }
  return join(sources, " + ") + " -> " + join(targets, ", ");
}

std::string wait_text(const Step& step, int rank) {
  std::string text = fmt::format("slot {} from rank {}", step.signal, step.peer);
  if (step.trailing) text += fmt::format(", every {0} passes, of {0} passes before", kTrailTurn);
  if (step.blocks > 0 && !step.dsts.empty() && step.dsts[0].place.buffer == Buffer::output) {
    text += fmt::format(" -> {}", to_text(step.dsts[0].place, step.blocks, rank));
  }
  return text;
}

std::string lanes_text(const Schedule& schedule, std::size_t first, std::size_t count) {
  std::string text = fmt::format("  lane{} {}:\n", count == 1 ? "" : "s",
                                 range(static_cast<int>(first), static_cast<int>(count)));
  int index = 0;
  for (const Step& step : schedule.lanes[first].steps) {
    text += fmt::format("  {:4}  {}\n", index++, to_text(step, schedule.rank));
  }
  return text;
}

}  // namespace

bool operator==(const Step& a, const Step& b) {
  const auto members = [](const Step& s) {
    return std::tie(s.kind, s.block, s.blocks, s.dsts, s.srcs, s.peer, s.signal, s.final,
                    s.trailing);
  };
  return members(a) == members(b);
}

std::string to_text(const Operand& place, int blocks, int rank) {
  const std::string where = place.rank == rank ? "" : fmt::format("rank {} ", place.rank);
  switch (place.buffer) {
    case Buffer::input:
      return fmt::format("{}in[{}]", where, range(place.index, blocks));
    case Buffer::output:
      return fmt::format("{}out[{}]", where, range(place.index, blocks));
    case Buffer::slot:
      if (place.offset == 0) return fmt::format("{}slot {}", where, place.index);
      return fmt::format("{}slot {}[{}]", where, place.index, range(place.offset, blocks));
  }
  return "?";
}

std::string to_text(const Step& step, int rank) {
  const std::string blocks =
      step.blocks == 0
          ? ""
          : fmt::format("block{} {}", step.blocks == 1 ? "" : "s", range(step.block, step.blocks));
  std::string rest;
  if (step.kind == StepKind::signal) {
    rest = fmt::format("rank {} slot {}{}", step.peer, step.signal,
                       step.trailing ? fmt::format(", every {} passes", kTrailTurn) : "");
  } else {
    rest = step.kind == StepKind::wait ? wait_text(step, rank) : data_text(step, rank);
  }
  return fmt::format("{:<8}{:<14}{}", verb(step, rank), blocks, rest);
}

std::string to_text(const Schedule& schedule) {
  const CollectiveTraits& traits = traits_of(schedule.collective);
  std::string text = fmt::format("{} {}, rank {} of {}", traits.name, schedule.algorithm,
                                 schedule.rank, schedule.ranks);
  if (traits.rooted()) text += fmt::format(", root {}", schedule.root);
  text += fmt::format("{}: {} block{}", schedule.direct ? ", direct" : "", schedule.blocks,
                      schedule.blocks == 1 ? "" : "s");
  std::vector<std::string> room;
  room.reserve(schedule.slot_blocks.size());
  for (const int blocks : schedule.slot_blocks) room.push_back(std::to_string(blocks));
  text += fmt::format(", slots with room for [{}] blocks\n", join(room, " "));
  for (std::size_t lane = 0; lane < schedule.lanes.size();) {
    std::size_t end = lane + 1;
    while (end < schedule.lanes.size() && schedule.lanes[end].steps == schedule.lanes[lane].steps) {
      ++end;
    }
    text += lanes_text(schedule, lane, end - lane);
    lane = end;
  }
  return text;
}

}  // namespace weft::schedule
