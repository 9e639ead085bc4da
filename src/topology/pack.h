// A host's description as bytes, for the exchange at start-up.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "topology/host.h"

namespace weft::topology {

enum class Detail {
  wire,  // what peers need: without node_distances and notes
  all,
};

// Some hundred bytes for a usual host: neighbouring cores that are alike count as one. The first
// byte is the version of the format.
std::vector<std::byte> pack(const Host& host, Detail detail = Detail::wire);

// Throws Error(bootstrap) where pack() of this version cannot have written `bytes`; never believes
// a count or a number that it reads.
Host unpack(std::span<const std::byte> bytes);

}  // namespace weft::topology
