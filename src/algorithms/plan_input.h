// Everything a generator may depend on. Plain data, no I/O.
#pragma once

#include <weft/collective.h>

#include "topology/shape.h"

namespace weft::algorithms {

struct PlanInput {
  Collective collective = Collective::all_reduce;
  int rank = 0;
  int ranks = 1;
  int root = 0;            // broadcast, reduce
  int lanes = 1;           // how many lanes to make (at least 1)
  bool load_store = true;  // every peer's slots are mapped: a reduce may write to any peer
  bool wide_sums = false;  // partial sums are wider than elements: no output can hold them
  // Who is near whom; null: nothing is known, all are equally far. Outlives the call.
  const topology::Shape* shape = nullptr;
  // Passes that trail (schedule.h), of algorithms that have such a form (Algorithm::trails).
  bool trails = false;
};

}  // namespace weft::algorithms
