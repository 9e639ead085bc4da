/// Starts ranks on this host without a launcher.
#pragma once

#include <weft/export.h>
#include <weft/options.h>

#include <chrono>
#include <functional>

namespace weft {

/// How run_local_ranks() treats its processes.
struct LocalRanksOptions {
  /// How long the other ranks get to end by themselves after the first failure; then they are
  /// killed.
  std::chrono::nanoseconds grace = std::chrono::seconds(10);
  /// Binds each rank to a processor, as MPI launchers do. Each rank gets a processor of its own if
  /// this process may use at least as many as there are ranks. Otherwise ranks take turns, so that
  /// neighbouring ranks are on different processors.
  bool bind = true;
};

/// Forks `ranks` processes and calls `body` in each; Communicator::create() with the options that
/// `body` receives joins them. Blocks until all have ended. Returns 0 if every body returned 0,
/// otherwise the first non-zero exit status (128 + signal for a rank that was killed by a signal).
/// A rank whose standard output cannot be written fails. If the reader of a rank's output closes
/// its pipe, all ranks end at once without a message, and the status is 128 + SIGPIPE. Call it
/// before the process starts threads. Throws Error(invalid_argument) for less than one rank or an
/// empty body, Error(no_resources) if a process cannot be made.
WEFT_API int run_local_ranks(int ranks, const std::function<int(const Options&)>& body,
                             const LocalRanksOptions& options = {});

}  // namespace weft
