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
  // `word`: in memory that peers map, for those who write there to see. Until there is one a sleep
  // is a short nap.
  void sleep_at(std::atomic<std::uint32_t>& word) { word_ = &word; }
  // From now on peers are reached over `transports`, and what those send that map no memory here
  // is seen only by calling their transports. Before the first call all peers are mapped.
  void attend(const std::vector<transport::Transport*>& transports);

  // Sleeps at most `limit`, and not at all if `ready` says so once peers would wake it. May
  // return early.
  void sleep(std::chrono::nanoseconds limit, const std::function<bool()>& ready);

 private:
  void wait_for_word(std::chrono::nanoseconds limit, const std::function<bool()>& ready);
  void wait_for_descriptors(std::chrono::nanoseconds limit, const std::function<bool()>& ready);

  std::atomic<std::uint32_t>* word_ = nullptr;
  std::vector<transport::Transport*> called_;  // those without load_store
  std::vector<pollfd> descriptors_;            // theirs, if each has one
  std::chrono::nanoseconds longest_sleep_{};
};

}  // namespace weft
