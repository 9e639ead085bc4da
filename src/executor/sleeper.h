// How a rank that has waited long leaves the processor: until a peer writes to its pad, or a
// transport has something.
#pragma once

#include <poll.h>

#include <chrono>
#include <functional>
#include <vector>

#include "executor/world.h"

namespace weft::executor {

class Sleeper {
 public:
  // `world` outlives it.
  explicit Sleeper(const World& world);

  // Whether what peers send is seen only by calling their transports.
  bool polls_transports() const { return polls_transports_; }

  // Sleeps at most `limit`, and not at all where `ready` says so once peers would wake this rank. May
  // return early.
  void sleep(std::chrono::nanoseconds limit, const std::function<bool()>& ready);

 private:
  void sleep_at_word(std::chrono::nanoseconds limit, const std::function<bool()>& ready);
  void sleep_at_descriptors(std::chrono::nanoseconds limit, const std::function<bool()>& ready);

  const World& world_;
  bool polls_transports_;            // some link has no load/store: arrivals need progress()
  std::vector<pollfd> descriptors_;  // of those transports, where each has one
  std::chrono::nanoseconds longest_sleep_;
};

}  // namespace weft::executor
