#include "base/sleeper.h"

#include <time.h>

#include <algorithm>
#include <utility>

#include "base/futex.h"

namespace weft {

Sleeper::Sleeper(std::atomic<std::uint32_t>& word, std::vector<transport::Transport*> transports,
                 bool polls)
    : word_(word), transports_(std::move(transports)), polls_transports_(polls) {
  bool mapped = false;
  bool all_wake = true;
  for (const transport::Transport* transport : transports_) {
    const transport::Capabilities capabilities = transport->capabilities();
    mapped = mapped || capabilities.load_store;
    if (capabilities.load_store) continue;
    descriptors_.push_back({capabilities.blocking_wait_fd, POLLIN, 0});
    all_wake = all_wake && capabilities.blocking_wait_fd >= 0;
  }
  if (!all_wake) descriptors_.clear();
  // Nothing wakes a process at a descriptor for what a mapped peer writes.
  constexpr std::chrono::microseconds kNap{200};
  constexpr std::chrono::milliseconds kSleep{20};
  longest_sleep_ = mapped ? std::chrono::nanoseconds(kNap) : std::chrono::nanoseconds(kSleep);
}

void Sleeper::sleep(std::chrono::nanoseconds limit, const std::function<bool()>& ready) {
  if (!polls_transports_) {
    sleep_at_word(limit, ready);
  } else if (!descriptors_.empty()) {
    sleep_at_descriptors(limit, ready);
  } else {
    // Nothing would wake it: a nap, so that a long wait does not keep a core busy.
    constexpr timespec kNap{0, 20'000};
    nanosleep(&kNap, nullptr);
  }
}

// See base/futex.h for why no wake-up is lost. The limit makes up for kernels without the barrier
// and lets failures be noticed.
void Sleeper::sleep_at_word(std::chrono::nanoseconds limit, const std::function<bool()>& ready) {
  constexpr std::chrono::milliseconds kLongest{5};
  word_.store(1, std::memory_order_relaxed);
  barrier_all_processes();
  if (!ready()) futex_sleep(&word_, std::min<std::chrono::nanoseconds>(limit, kLongest));
  word_.store(0, std::memory_order_relaxed);
}

void Sleeper::sleep_at_descriptors(std::chrono::nanoseconds limit,
                                   const std::function<bool()>& ready) {
  for (transport::Transport* transport : transports_) transport->arm();
  if (ready()) return;
  const std::int64_t ns = std::clamp<std::int64_t>(limit.count(), 0, longest_sleep_.count());
  const timespec time{ns / 1'000'000'000, ns % 1'000'000'000};
  (void)ppoll(descriptors_.data(), descriptors_.size(), &time, nullptr);
}

}  // namespace weft
