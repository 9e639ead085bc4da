// A space-time picture of a schedule.
#pragma once

#include "schedule/schedule.h"

#include <span>
#include <string>

namespace weft::schedule {

// An SVG document: ranks from top to bottom, time from left to right, boxes for copies and
// reductions, arrows for what travels. Colours tell blocks apart. `ranks[r]` is rank r's schedule;
// one lane is drawn.
std::string to_svg(std::span<const Schedule> ranks, int lane = 0);

}  // namespace weft::schedule
