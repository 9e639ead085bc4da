// Where a process is, so that another process of the same host can reach its memory and notice its
// end. Who it is says its identity alone: containers give the same pid to several, at the same
// time, and a pid is given again.
#pragma once

#include <cstdint>

#include "base/identity.h"

namespace weft::shm {

// Plain data; travels in addresses and keys. Namespaces are numbered by the kernel; 0: it has none
// of that kind, or does not tell.
struct ProcessId {
  Identity identity;
  std::uint64_t host = 0;            // the running kernel
  std::uint64_t pid_namespace = 0;   // in which `pid` means something; 0: /proc is not this one's
  std::uint64_t user_namespace = 0;  // in which `uid` means something
  std::uint64_t time_namespace = 0;  // in which `start_time` means something
  std::uint64_t shm_device = 0;      // the file system that is /dev/shm here
  std::uint64_t start_time = 0;      // tells a process from a later one with the same pid
  std::int32_t pid = 0;
  std::uint32_t uid = 0;
};

ProcessId own_process();

inline bool same_process(const ProcessId& one, const ProcessId& other) {
  return one.identity == other.identity;
}

// Whether one finds the other by its pid, in system calls and in /proc.
inline bool shares_pids(const ProcessId& one, const ProcessId& other) {
  return one.host == other.host && one.pid_namespace == other.pid_namespace &&
         one.pid_namespace != 0;
}

// Start time of a process in this pid namespace, in clock ticks; 0 where there is none, or none
// that this process may look at.
std::uint64_t start_time_of(std::int32_t pid);

// Unknown: it cannot be looked at from here. Such a process counts as living.
enum class Fate : std::uint8_t { running, gone, unknown };

Fate fate_of(const ProcessId& process, const ProcessId& self);

// Whether this process may open what the other has open, by /proc: 0, or errno. Not where it is
// another user's, or has given up privileges (setuid(), PR_SET_DUMPABLE of 0).
int may_open_files_of(const ProcessId& process);

// Whether others of this user may do that to this process. It may change at any time.
bool shows_its_files();

}  // namespace weft::shm
