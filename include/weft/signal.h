/// How a put tells its target that it has arrived.
#pragma once

#include <cstdint>

namespace weft {

/// How a signal changes its 8-byte word: `set` stores a value, `add` adds one atomically.
enum class Signal : std::uint8_t { set, add };

}  // namespace weft
