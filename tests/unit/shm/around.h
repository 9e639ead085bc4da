// Processes in other surroundings than the test's own. What only root may make is skipped where
// the test is somebody else's.
#pragma once

#include <grp.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <span>
#include <stdexcept>
#include <vector>

#include "support/other_process.h"

namespace weft::shm {

using testing::OtherProcess;
using testing::SideChannel;

inline void check(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(what);
}

// As setuid() leaves a process: of another user, and not to be looked at.
inline void give_up_privileges() {
  check(setgroups(0, nullptr) == 0 && setgid(65534) == 0 && setuid(65534) == 0, "setuid");
}

// An ordinary user's.
inline void become_ordinary() {
  give_up_privileges();
  check(prctl(PR_SET_DUMPABLE, 1) == 0, "PR_SET_DUMPABLE");
}

// The first process of a pid namespace of its own, with the /proc that was there before.
// `body` throws what is wrong.
template <typename Body>
void in_own_pid_namespace(const Body& body) {
  check(unshare(CLONE_NEWPID) == 0, "unshare");
  OtherProcess inside([&](SideChannel&) { body(); });
  check(inside.join(), "what was inside failed");
}

template <typename T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

template <typename T>
T value_in(const std::vector<std::byte>& bytes) {
  T value;
  check(bytes.size() == sizeof(value), "a message of another size");
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

}  // namespace weft::shm

#define ROOT_ONLY() \
  if (geteuid() != 0) GTEST_SKIP() << "only root may"
