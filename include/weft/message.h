/// What messages between two ranks are told apart by.
#pragma once

#include <cstddef>

namespace weft {

/// As a source of recv() and probe(): whoever sends first. Ranks are looked at in turn.
inline constexpr int kAnySource = -1;
/// As a tag of recv() and probe(): any. Tags that are sent are 0 to 2^30 - 1.
inline constexpr int kAnyTag = -1;

/// A message that was received, or that probe() found.
struct Received {
  int source = kAnySource;  ///< its sender's rank
  int tag = kAnyTag;
  std::size_t bytes = 0;  ///< of the whole message
};

}  // namespace weft
