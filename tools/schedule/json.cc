#include "json.h"

#include "schedule/text.h"

namespace weft::tools {
namespace {

using nlohmann::ordered_json;
using schedule::Buffer;
using schedule::StepKind;

const char* name_of(Buffer buffer) {
  switch (buffer) {
    case Buffer::input:
      return "input";
    case Buffer::output:
      return "output";
    case Buffer::slot:
      return "slot";
  }
  return "?";
}

const char* name_of(StepKind kind) {
  switch (kind) {
    case StepKind::copy:
      return "copy";
    case StepKind::reduce:
      return "reduce";
    case StepKind::signal:
      return "signal";
    case StepKind::wait:
      return "wait";
  }
  return "?";
}

ordered_json to_json(const schedule::Operand& place) {
  return {{"buffer", name_of(place.buffer)}, {"rank", place.rank}, {"index", place.index}};
}

ordered_json to_json(const schedule::Step& step) {
  ordered_json json = {{"kind", name_of(step.kind)}};
  if (step.blocks > 0) {
    json["block"] = step.block;
    json["blocks"] = step.blocks;
  }
  for (const schedule::Operand& source : step.srcs) json["srcs"].push_back(to_json(source));
  for (const schedule::Destination& destination : step.dsts) {
    ordered_json place = to_json(destination.place);
    if (destination.signal != schedule::kNoSignal) place["signal"] = destination.signal;
    json["dsts"].push_back(place);
  }
  if (step.peer >= 0) json["peer"] = step.peer;
  if (step.signal != schedule::kNoSignal) json["signal"] = step.signal;
  if (step.final) json["final"] = true;
  return json;
}

}  // namespace

ordered_json to_json(const schedule::Schedule& schedule) {
  ordered_json lanes = ordered_json::array();
  for (const schedule::Lane& lane : schedule.lanes) {
    ordered_json steps = ordered_json::array();
    for (const schedule::Step& step : lane.steps) steps.push_back(to_json(step));
    lanes.push_back(steps);
  }
  return {{"collective", weft::name_of(schedule.collective)},
          {"algorithm", schedule.algorithm},
          {"rank", schedule.rank},
          {"ranks", schedule.ranks},
          {"root", schedule.root},
          {"blocks", schedule.blocks},
          {"direct", schedule.direct},
          {"slot_blocks", schedule.slot_blocks},
          {"lanes", lanes}};
}

}  // namespace weft::tools
