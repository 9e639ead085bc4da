// Which devices of a transport a rank should use.
#pragma once

#include <weft/transport.h>

#include <span>
#include <string>

#include "topology/host.h"

namespace weft {

struct Proposal {
  std::string devices;  // for transport::OpenOptions::device
  int priority = 0;
  std::string reason;  // for the log where there was something to choose; else empty
};

// Those of the highest priority and, of them, the nearest to the cores that this process may run
// on. `devices` are what a transport's probe() found: at least one. Where `local_ranks` ranks of
// this host are as near to the same devices, the one with `local_index` gets its share
// (topology/nearest.h); a rank that knows of no others gets all that are nearest.
Proposal propose_devices(std::span<const transport::Device> devices, const topology::Host& host,
                         int local_index = 0, int local_ranks = 1);

}  // namespace weft
