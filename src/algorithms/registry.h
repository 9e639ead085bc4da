// Every algorithm weft knows: one file each, a pure function from PlanInput to Schedule.
#pragma once

#include "algorithms/plan_input.h"
#include "schedule/schedule.h"

#include <span>
#include <string_view>

namespace weft::algorithms {

struct Algorithm {
  std::string_view name;  // "ring"; unique within a collective
  Collective collective = Collective::all_reduce;
  // One line for people: how it works, when it wins, its source (paper or book).
  std::string_view summary;
  bool direct = false;        // needs every rank's input and output mapped (load/store)
  bool hierarchical = false;  // needs ranks that are nearer to each other than to others
  bool trails = false;        // has a form whose passes trail, where every peer is mapped
  bool power_of_two = false;  // works only for such rank counts
  int max_ranks = 1 << 20;
  schedule::Schedule (*make)(const PlanInput&) = nullptr;
};

// All of them, grouped by collective; within one, the first is the latency-optimal default.
std::span<const Algorithm> all();

// The one of that name, or null.
const Algorithm* find(Collective collective, std::string_view name);

// Whether it can serve `ranks` ranks, of a shape with levels where it is hierarchical.
bool supports(const Algorithm& algorithm, int ranks);

}  // namespace weft::algorithms
