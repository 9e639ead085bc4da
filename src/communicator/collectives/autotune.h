// Decides by timing what runs a call.
#pragma once

#include "communicator/impl.h"

namespace weft {

// The quickest program for `call`, the same at every rank: the least time of the slowest rank.
// `direct`: every rank's buffers are mapped. Collective; takes a few milliseconds and a few runs of
// each contender at least, on memory of its own.
const executor::Program* autotuned(Communicator::Impl& communicator, const executor::Call& call,
                                   bool direct);

}  // namespace weft
