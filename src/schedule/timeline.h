// When steps would run if every step cost about the same: enough to draw them in the order of cause
// and effect.
#pragma once

#include "schedule/schedule.h"

#include <span>
#include <vector>

namespace weft::schedule {

// One step's span. A wait begins when its rank gets there and ends when the signal is there.
struct Span {
  double begin = 0;
  double end = 0;
};

// Data or a signal on its way to another rank.
struct Flight {
  int from = 0;
  int from_step = 0;
  int to = 0;
  int slot = kNoSignal;  // the signal raised
  double depart = 0;
  double arrive = 0;
};

struct Timeline {
  std::vector<std::vector<Span>>
      spans;  // by rank and step; shorter than the lane where a rank blocks for ever
  std::vector<Flight> flights;  // in no special order
  double end = 0;
};

Timeline make_timeline(std::span<const Schedule> ranks, int lane);

}  // namespace weft::schedule
