/// How ranks find each other before weft's own transports are up.
#pragma once

#include <weft/blob.h>
#include <weft/export.h>

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace weft {

/// Out-of-band exchange between all ranks. weft uses it while it creates a communicator and never
/// afterwards. Implement it to start weft under a launcher that weft does not know, and pass it in
/// Options::bootstrap. weft calls it from one thread at a time.
class WEFT_API Bootstrap {
 public:
  virtual ~Bootstrap();

  /// This process's rank, 0 to size() - 1, and the number of ranks. Both stay constant.
  virtual int rank() const = 0;
  virtual int size() const = 0;

  /// Collective. Every rank passes a blob (sizes may differ) and receives the blobs of all ranks,
  /// indexed by rank. Blocks until all ranks have called it the same number of times. Throws
  /// Error(timeout) after `timeout`, which names the missing ranks if the implementation knows
  /// them, and Error(bootstrap) if the exchange fails.
  virtual std::vector<Blob> all_gather(std::span<const std::byte> mine,
                                       std::chrono::nanoseconds timeout) = 0;

  /// What the ranks come from, for messages: "tcp 127.0.0.1:29500", "pmix", "single process".
  virtual std::string description() const = 0;
};

}  // namespace weft
