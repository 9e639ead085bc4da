// Notices that processes have ended.
#pragma once

#include "process.h"

#include <poll.h>

#include <string>
#include <vector>

namespace weft::shm {

class Liveness {
 public:
  Liveness() = default;
  Liveness(const Liveness&) = delete;
  Liveness& operator=(const Liveness&) = delete;
  ~Liveness();

  // Watches a process under a caller's number. False when it is gone already. A process of another
  // pid namespace is not watched.
  bool watch(int peer, const ProcessId& process, const ProcessId& self);

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
