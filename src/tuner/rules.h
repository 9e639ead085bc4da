// Rules of thumb: what to choose where there are too many ranks to price every schedule.
#pragma once

#include <cstddef>

#include "tuner/choice.h"

namespace weft::tuner {

struct Case {
  Collective collective = Collective::all_reduce;
  int ranks = 1;
  std::size_t bytes = 0;   // count times the element's size
  bool load_store = true;  // every peer is mapped
  bool crowded = false;    // some machine has more ranks than cores
  bool copied = false;     // processors move what travels between hosts (TCP), not a device
  bool direct = false;     // every rank's buffers are mapped too
  bool levels = false;     // some ranks are nearer to each other than to others
};

// What it chooses can always serve.
Choice by_rule(const Case& given);

// Protocol and lanes by rule for an algorithm that is given.
Choice by_rule(const Case& given, const algorithms::Algorithm& algorithm);

// Whether an algorithm can serve at all.
bool can_serve(const algorithms::Algorithm& algorithm, const Case& given);

// From this size on it pays to work in place where the buffers are mapped everywhere: it saves
// copies and takes one synchronization more, which costs a change of process where ranks share
// cores. Two of them are quick enough, and many have more to copy than to wait for.
constexpr std::size_t direct_bytes(int ranks, bool crowded) {
  const bool few = ranks == 3 || ranks == 4;
  return std::size_t{crowded && few ? 8u : 2u} << 10;
}

}  // namespace weft::tuner
