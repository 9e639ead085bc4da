// Where ranks would sit on a host.
#pragma once

#include <vector>

#include "topology/host.h"

namespace weft::topology {

// The cores of each of `ranks` (>= 1) ranks, as an even launcher binds them: the usable cores are
// dealt out in order, neighbours together, so that ranks fill packages evenly. With more ranks than
// cores several share one. Empty lists where no core is known.
std::vector<std::vector<int>> spread(const Host& host, int ranks);

}  // namespace weft::topology
