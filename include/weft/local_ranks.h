/// Starts ranks on this host without a launcher.
#pragma once

#include <weft/communicator.h>

#include <functional>

namespace weft {

/// How run_local_ranks() treats its processes.
struct LocalRanksOptions {
  /// After the first failure the other ranks get this long to end by themselves, and are killed
  /// then.
  std::chrono::nanoseconds grace = std::chrono::seconds(10);
  /// Binds each rank to a processor, as MPI launchers do: one of its own where this process may use
  /// at least as many as there are ranks, else in turn, so that neighbours are on different ones.
  bool bind = true;
};

/// Forks `ranks` processes, calls `body` in each with options that make Communicator::create() join
/// them, and waits for all. Returns 0 when every body returned 0, else the first non-zero exit
/// status (128 + signal for a rank that was killed). Call it before threads are started.
WEFT_API int run_local_ranks(int ranks, const std::function<int(const Options&)>& body,
                             const LocalRanksOptions& options = {});

}  // namespace weft
