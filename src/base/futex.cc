#include "base/futex.h"

#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace weft {
namespace {

std::uint32_t* address(std::atomic<std::uint32_t>* word) {
  return reinterpret_cast<std::uint32_t*>(word);
}

}  // namespace

bool register_sleepers() {
  return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0) == 0;
}

void barrier_all_processes() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0);
}

void futex_sleep(std::atomic<std::uint32_t>* word, std::chrono::nanoseconds timeout) {
  constexpr long kSecond = 1'000'000'000;
  const timespec limit{.tv_sec = timeout.count() / kSecond, .tv_nsec = timeout.count() % kSecond};
  syscall(SYS_futex, address(word), FUTEX_WAIT, static_cast<std::uint32_t>(Attention::asleep),
          &limit, nullptr, 0);
}

void futex_wake(std::atomic<std::uint32_t>* word) {
  auto asleep = static_cast<std::uint32_t>(Attention::asleep);
  if (!word->compare_exchange_strong(asleep, static_cast<std::uint32_t>(Attention::awake),
                                     std::memory_order_relaxed))
    return;
  syscall(SYS_futex, address(word), FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

}  // namespace weft
