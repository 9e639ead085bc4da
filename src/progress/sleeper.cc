#include "progress/sleeper.h"

#include <time.h>

#include <algorithm>

#include "base/futex.h"

namespace weft {

void Sleeper::attend(const std::vector<transport::Transport*>& transports) {
  // Nothing wakes a process at a descriptor for what a mapped peer writes.
  constexpr std::chrono::microseconds kNap{200};
  constexpr std::chrono::milliseconds kSleep{20};
  called_.clear();
  descriptors_.clear();
  longest_sleep_ = kSleep;
  for (transport::Transport* transport : transports) {
    const transport::Capabilities capabilities = transport->capabilities();
    if (capabilities.load_store) {
      longest_sleep_ = kNap;
    } else {
      called_.push_back(transport);
      descriptors_.push_back({capabilities.blocking_wait_fd, POLLIN, 0});
    }
  }
  if (std::ranges::any_of(descriptors_, [](const pollfd& entry) { return entry.fd < 0; }))
    descriptors_.clear();
}

void Sleeper::sleep(std::chrono::nanoseconds limit, const std::function<bool()>& ready) {
  if (called_.empty() && word_ != nullptr) {
    wait_for_word(limit, ready);
  } else if (!descriptors_.empty()) {
    wait_for_descriptors(limit, ready);
  } else {
    // Nothing would wake it: a nap, so that a long wait does not keep a core busy.
    constexpr timespec kNap{0, 20'000};
    nanosleep(&kNap, nullptr);
  }
}

// See base/futex.h for why no wake-up is lost. The limit makes up for kernels without the barrier
// and lets failures be noticed.
void Sleeper::wait_for_word(std::chrono::nanoseconds limit, const std::function<bool()>& ready) {
  constexpr std::chrono::milliseconds kLongest{5};
  word_->store(static_cast<std::uint32_t>(Attention::asleep), std::memory_order_relaxed);
  barrier_all_processes();
  if (!ready()) futex_sleep(word_, std::min<std::chrono::nanoseconds>(limit, kLongest));
  word_->store(static_cast<std::uint32_t>(Attention::awake), std::memory_order_relaxed);
}

void Sleeper::wait_for_descriptors(std::chrono::nanoseconds limit,
                                   const std::function<bool()>& ready) {
  for (transport::Transport* transport : called_) transport->arm();
  if (ready()) return;
  const std::int64_t ns = std::clamp<std::int64_t>(limit.count(), 0, longest_sleep_.count());
  const timespec time{ns / 1'000'000'000, ns % 1'000'000'000};
  (void)ppoll(descriptors_.data(), descriptors_.size(), &time, nullptr);
}

}  // namespace weft
