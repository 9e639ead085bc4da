// How a program meets a call, rather than a loop: other calls, fresh data and a late peer before
// it.
#pragma once

#include "perf/common/timing.h"

#include <string>

namespace weft::perf {

// What happens before each call, outside of the time. All false: nothing, calls follow each other.
struct Setting {
  bool mixed = false;  // a small all-reduce
  bool fresh = false;  // the input is written anew
  bool sync = false;   // a barrier, last

  bool in_a_loop() const { return !mixed && !fresh && !sync; }
};

// "loop", or what of "mixed", "fresh" and "sync" is there, separated by commas.
std::string text_of(const Setting& setting);

// Times the prepared operation call by call, each after what the setting says; of each call the
// longest of all ranks' times counts, from where that rank begins it, without the clock's own.
// Collective, at most a few thousand calls.
Timing measure_apart(Candidate& candidate, const Operation& operation, std::size_t bytes,
                     const Effort& effort, const Setting& setting, const Keep& keep = {});

}  // namespace weft::perf
