// Who a process is, so that another process of the same host can reach its memory and notice its
// end.
#pragma once

#include <cstdint>

namespace weft::shm {

// Plain data; travels in addresses and keys.
struct ProcessId {
  std::uint64_t host = 0;           // the running kernel
  std::uint64_t pid_namespace = 0;  // in which `pid` means something
  std::uint64_t shm_device = 0;     // the file system that is /dev/shm here
  std::uint64_t start_time = 0;     // tells a process from a later one with the same pid
  std::int32_t pid = 0;
  std::uint32_t uid = 0;
  friend bool operator==(const ProcessId&, const ProcessId&) = default;
};

ProcessId own_process();

// Start time of a process in this pid namespace, in clock ticks since boot; 0 where there is none.
std::uint64_t start_time_of(std::int32_t pid);

}  // namespace weft::shm
