#pragma once

#include "network/network.h"

namespace inference {

/// Over MPI_COMM_WORLD; MPI is initialized and outlives it.
std::unique_ptr<Network> make_mpi_network();

}  // namespace inference
