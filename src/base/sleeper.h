// How a process that has waited long leaves the processor: until a peer writes to its memory, or a
// transport has something.
#pragma once

#include <poll.h>
#include <weft/transport.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

namespace weft {

class Sleeper {
 public:
  // `word`: in memory that peers map, for those who write there to see; outlives it. `polls`: see
  // polls_transports().
  Sleeper(std::atomic<std::uint32_t>& word, std::vector<transport::Transport*> transports,
          bool polls);

  // Whether what some peers send is seen only by calling their transports.
  bool polls_transports() const { return polls_transports_; }

  // Sleeps at most `limit`, and not at all where `ready` says so once peers would wake it. May
  // return early.
  void sleep(std::chrono::nanoseconds limit, const std::function<bool()>& ready);

 private:
  void sleep_at_word(std::chrono::nanoseconds limit, const std::function<bool()>& ready);
  void sleep_at_descriptors(std::chrono::nanoseconds limit, const std::function<bool()>& ready);

  std::atomic<std::uint32_t>& word_;
  std::vector<transport::Transport*> transports_;
  bool polls_transports_;
  std::vector<pollfd> descriptors_;  // of those transports, where each has one
  std::chrono::nanoseconds longest_sleep_;
};

}  // namespace weft
