// Hosts that are not here: hwloc's XML files and synthetic descriptions.
#pragma once

#include <string>

#include "topology/host.h"

namespace weft::topology {

// `source` is not empty; see ProbeOptions. Every core that is allowed is usable; `machine` is
// empty. Throws Error(invalid_argument) that begins with the source.
Host read_described(const std::string& source);

}  // namespace weft::topology
