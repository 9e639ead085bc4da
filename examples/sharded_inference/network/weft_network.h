#pragma once

#include "network/network.h"

#include <weft/weft.h>

namespace inference {

/// Keeps the communicator.
std::unique_ptr<Network> make_weft_network(weft::Communicator comm);

}  // namespace inference
