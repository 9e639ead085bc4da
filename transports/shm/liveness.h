// Notices that processes have ended.
#pragma once

#include <poll.h>

#include <cstdint>
#include <string>
#include <vector>

#include "process.h"

namespace weft::shm {

class Liveness {
 public:
  // Unknown: its end will not be noticed (another pid namespace, a kernel that does not tell).
  enum class Watch : std::uint8_t { watched, unknown, gone, no_descriptor };

  Liveness() = default;
  Liveness(const Liveness&) = delete;
  Liveness& operator=(const Liveness&) = delete;
  ~Liveness();

  // Watches a process under a caller's number.
  Watch watch(int peer, const ProcessId& process, const ProcessId& self);

  // Ends the watch under that number, if there is one.
  void forget(int peer);

  // The peers whose process has ended since the last call. One system call.
  std::vector<int> ended();

 private:
  void remove(std::size_t index);

  std::vector<pollfd> descriptors_;
  std::vector<int> peers_;
};

}  // namespace weft::shm
