// What no algorithm can be quicker than on a fabric, in the cost model's terms.
#pragma once

#include <weft/collective.h>

#include "tuner/fabric.h"

namespace weft::tuner {

// Three times that hold each by itself, so the largest is a bound; that nothing reaches all of them
// together is left out.
struct Bound {
  // What one rank knows must reach every other (or come from it): the best tree there is if a
  // host's ranks all send at once and know at once what one of them knows, and one crossing of
  // whatever is far.
  double latency_ns = 0;
  // What must leave an average host, or group of hosts behind the same links, at the speed of its
  // NICs or links. Nothing is reduced inside the network.
  double network_ns = 0;
  // What the processors must read, reduce and write themselves, shared evenly by all.
  double processor_ns = 0;

  double ns() const;
  const char* name() const;  // of the largest: "latency", "network", "processor"
};

// `bytes` are the whole message's: of reduce_scatter's input, of all_gather's output.
Bound lower_bound(Collective collective, double bytes, const Fabric& fabric);

}  // namespace weft::tuner
