// Counts what a steady state must not do: allocations, locks and system calls of this process.
// Defines malloc and pthread_mutex_lock: for one source file of a program, without sanitizers.
#pragma once

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <ucontext.h>

#include <cstddef>
#include <cstdlib>

// Older headers lack it.
#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif

extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* memory, std::size_t bytes);
}

namespace weft::testing {

// Since they were set to zero, while `watching`.
struct Deeds {
  long allocations = 0;
  long locks = 0;
  long system_calls = 0;
  long last_system_call = -1;  // its number
};

inline volatile bool watching = false;
inline Deeds deeds;

// Linux hands a system call back to the process that makes it while this is 1 ("syscall user
// dispatch", Linux 5.11).
inline volatile char system_calls_blocked = 0;

// The system call is not made, and seems to have returned 0. Later ones of the same Watch go
// through, the return from this handler among them.
inline void on_blocked_system_call(int, siginfo_t* info, void* context) {
  system_calls_blocked = 0;
  ++deeds.system_calls;
  deeds.last_system_call = info->si_syscall;
#if defined(__x86_64__)
  static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RAX] = 0;
#elif defined(__aarch64__)
  static_cast<ucontext_t*>(context)->uc_mcontext.regs[0] = 0;
#endif
}

// False where the kernel cannot tell.
inline bool can_watch_system_calls() {
  struct sigaction action = {};
  action.sa_sigaction = on_blocked_system_call;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSYS, &action, nullptr);
  constexpr unsigned long kOn = 1;
  return prctl(PR_SET_SYSCALL_USER_DISPATCH, kOn, 0UL, 0UL, &system_calls_blocked) == 0;
}

// Counts while it lives.
class Watch {
 public:
  explicit Watch(bool system_calls) {
    watching = true;
    if (system_calls) system_calls_blocked = 1;
  }
  ~Watch() {
    system_calls_blocked = 0;
    watching = false;
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
};

}  // namespace weft::testing

extern "C" {
void* malloc(std::size_t bytes) {
  if (weft::testing::watching) ++weft::testing::deeds.allocations;
  return __libc_malloc(bytes);
}
void* calloc(std::size_t count, std::size_t bytes) {
  if (weft::testing::watching) ++weft::testing::deeds.allocations;
  return __libc_calloc(count, bytes);
}
void* realloc(void* memory, std::size_t bytes) {
  if (weft::testing::watching) ++weft::testing::deeds.allocations;
  return __libc_realloc(memory, bytes);
}
int pthread_mutex_lock(pthread_mutex_t* mutex) {
  using Lock = int (*)(pthread_mutex_t*);
  static Lock lock = nullptr;
  if (lock == nullptr) lock = reinterpret_cast<Lock>(dlsym(RTLD_NEXT, "pthread_mutex_lock"));
  if (weft::testing::watching) ++weft::testing::deeds.locks;
  return lock(mutex);
}
}
