/// Bytes that processes exchange before weft's own transports are up.
#pragma once

#include <cstddef>
#include <vector>

namespace weft {

/// Bytes whose meaning only their producer and their consumer know.
using Blob = std::vector<std::byte>;

}  // namespace weft
