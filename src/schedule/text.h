// Schedules in words, for people.
#pragma once

#include "schedule/schedule.h"

#include <string>

namespace weft::schedule {

// One step as its rank sees it, e.g. "reduce  block 2    slot 1 + in[2] -> rank 3 slot 2".
std::string to_text(const Step& step, int rank);

// A place as `rank` sees it, e.g. "slot 2", "in[3]", "rank 4 out[0..3]".
std::string to_text(const Operand& place, int blocks, int rank);

// The whole schedule of one rank: a heading and its lanes, one line a step. Equal lanes are printed
// once.
std::string to_text(const Schedule& schedule);

bool operator==(const Step& a, const Step& b);

}  // namespace weft::schedule
