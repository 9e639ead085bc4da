// Hosts to lay ranks out on.
#pragma once

#include <vector>

#include "topology/shape.h"

namespace weft::tools {

// Ranks on hosts, filled host by host.
struct Layout {
  std::vector<int> hosts;  // ranks of each; empty: nothing is known of hosts

  int ranks() const;
  std::vector<int> host_of_ranks() const;
  topology::Shape shape() const;
};

// A few for a number of ranks: hosts of two, of three, and uneven ones.
std::vector<Layout> sample_layouts(int ranks);

}  // namespace weft::tools
