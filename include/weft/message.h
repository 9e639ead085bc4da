/// What messages between two processes are matched by.
#pragma once

#include <cstddef>

namespace weft {

/// The source argument of recv() and probe() that matches every sender. Senders are looked at in
/// turn.
inline constexpr int kAnySource = -1;
/// The tag argument of recv() and probe() that matches every tag. A message's own tag is
/// 0 to 2^30 - 1.
inline constexpr int kAnyTag = -1;

/// A message that recv() received or that probe() found.
struct Received {
  int source = kAnySource;  ///< the rank (of an engine: the peer) that sent it
  int tag = kAnyTag;
  std::size_t bytes = 0;  ///< of the whole message
};

}  // namespace weft
