/// How ranks find each other before weft's own transports are up.
#pragma once

#include <weft/types.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace weft {

/// A blob of bytes whose meaning only its producer and its consumer know.
using Blob = std::vector<std::byte>;

/// Out-of-band exchange between all ranks. weft uses it while a communicator is created and never
/// afterwards. Implement it to start weft under a launcher that it does not know. One thread calls
/// it at a time.
class WEFT_API Bootstrap {
 public:
  virtual ~Bootstrap();

  /// This process's rank, 0 to size() - 1, and the number of ranks. Constant.
  virtual int rank() const = 0;
  virtual int size() const = 0;

  /// Collective: every rank gives a blob (sizes may differ) and gets all of them, indexed by rank.
  /// Blocks until all ranks have called it the same number of times.
  /// Throws Error(timeout) naming the missing ranks where the implementation knows them,
  /// Error(bootstrap) otherwise.
  virtual std::vector<Blob> all_gather(std::span<const std::byte> mine,
                                       std::chrono::nanoseconds timeout) = 0;

  /// Where the ranks came from, for messages: "tcp 127.0.0.1:29500", "pmix", "single process".
  virtual std::string description() const = 0;
};

}  // namespace weft
