// Describes a communicator to the tuner.
#pragma once

#include <span>

#include "connections/connections.h"
#include "memory/segment_layout.h"
#include "tuner/situation.h"

namespace weft {

// `peers`: by rank. The same at every rank.
tuner::Situation situation_of(const Connections& connections, std::span<const int> peers,
                              const memory::SegmentLayout& layout);

}  // namespace weft
