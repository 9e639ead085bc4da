// What a library under test provides to the loop between two ranks. A new peer is one
// implementation of PairCandidate, with loops.h around its sends and receives.
#pragma once

#include "perf/common/job.h"
#include "perf/pairs/operation.h"

#include <cstddef>
#include <memory>
#include <span>

namespace weft::perf {

// One operation, ready to run. Ranks 0 and 1 call the same functions with the same arguments; other
// ranks may, and nothing happens.
class PairLoop {
 public:
  virtual ~PairLoop() = default;

  // Latency: rank 0 sends a message and rank 1 one back, or rank 0 gets one. Bandwidth: rank 0
  // sends or gets a window of messages, and hears that they have arrived. So many times; this is
  // what is timed.
  virtual void run(std::size_t times) = 0;

  // Messages one after the other, or on top of each other, in one run: a message's time is the
  // run's over this.
  virtual std::size_t messages() const = 0;

  // The bytes that this rank sends, and those that were received last; empty where there are none.
  virtual std::span<std::byte> outgoing() = 0;
  virtual std::span<std::byte> incoming() = 0;
  // Whether the next runs have to leave in incoming() what was received (otherwise they may look at
  // it where it lies).
  virtual void keep_incoming(bool) {}
};

class PairCandidate : public Job {
 public:
  // Collective over all ranks; null, at all of them, for what the library does not have. There is
  // at most one loop at a time, and the candidate outlives it.
  virtual std::unique_ptr<PairLoop> make_loop(const PairOperation& operation) = 0;
};

}  // namespace weft::perf
