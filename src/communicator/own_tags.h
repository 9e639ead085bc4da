// Tags of messages that the communicator itself sends.
#pragma once

#include "p2p/messages/matching.h"

namespace weft {

inline constexpr int kChannelTag = p2p::kFirstOwnTag;
inline constexpr int kReadyTag = p2p::kFirstOwnTag + 1;
inline constexpr int kFirstClosedTag = p2p::kFirstOwnTag + 2;  // and on, by ClosedMemory's numbers

}  // namespace weft
