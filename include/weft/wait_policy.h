/// How a process waits for its peers.
#pragma once

#include <cstdint>

namespace weft {

/// How a rank waits for its peers.
enum class WaitPolicy : std::uint8_t {
  automatic,  ///< `spin` if every local rank has a core of its own, `yield` if there are more ranks
              ///< than cores
  spin,       ///< polls for 20 us, yields the core for 1 ms, then sleeps: lowest latency
  yield,      ///< yields the core at once, then sleeps: for more ranks than cores
  block,      ///< sleeps soon: lowest processor use
};

}  // namespace weft
