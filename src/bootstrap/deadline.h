// When to give up, and how to say so.
#pragma once

#include <chrono>
#include <span>
#include <string>

namespace weft::bootstrap {

// A moment on the steady clock; sockets and condition variables wait in real time.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  // A time-out below zero counts as zero, one above a year as a year.
  explicit Deadline(std::chrono::nanoseconds timeout);

  Clock::time_point at() const { return at_; }
  std::chrono::nanoseconds timeout() const { return timeout_; }
  std::chrono::nanoseconds left() const;  // not below 0
  bool passed() const { return Clock::now() >= at_; }
  // The same time-out, with some more time to wait.
  Deadline later(std::chrono::nanoseconds extra) const;
  // For poll(): the milliseconds left, rounded up, 0 to `at_most`.
  int poll_ms(int at_most = 60'000) const;

 private:
  std::chrono::nanoseconds timeout_;
  Clock::time_point at_;
};

// "60 s", "300 ms".
std::string in_words(std::chrono::nanoseconds duration);

// "rank 3 of 8 has", "ranks 3, 5 of 8 have"; a long list ends with "and 40 more".
std::string ranks_have(std::span<const int> ranks, int size);

}  // namespace weft::bootstrap
