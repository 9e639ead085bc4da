// What the tuner knows of a job. Plain data, the same at every rank, so that all choose alike.
#pragma once

#include <weft/transport.h>

#include <cstddef>
#include <string>
#include <vector>

#include "topology/shape.h"
#include "tuner/fabric.h"
#include "tuner/tuning.h"

namespace weft::tuner {

struct Situation {
  // "8 ranks on hosts of 2,2,2,2, 1 machine, 2 cores, ucx between": what measurements are kept by.
  std::string name;
  int ranks = 1;
  bool load_store = true;  // every rank maps every other
  bool crowded = false;    // some machine has more ranks than cores
  topology::Shape shape;
  std::vector<Place> places;  // by rank
  int cores = 0;              // of the machine that has the fewest
  // Input and output of larger calls come from memory and go there.
  std::size_t cached_bytes = Compute{}.cache_bytes;
  transport::RoughCost
      network;  // of the costliest transport between ranks that do not map each other
  std::size_t signals = ~std::size_t{0};     // of a lane
  std::size_t slot_bytes = ~std::size_t{0};  // memory of a lane's slots in one pass
};

// The fabric that a job runs on: what was measured, what transports say, and for the rest what is
// usual.
Fabric fabric_of(const Situation& situation, const Measured* measured);

}  // namespace weft::tuner
