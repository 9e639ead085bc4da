// Sleeping on a word of shared memory until another process wakes it, without a fence on the
// waker's path.
//
// The sleeper sets its word, then makes every core execute a barrier (membarrier), then looks for
// work once more and sleeps. So a waker that stores its signal and then reads the word (both
// without a fence) either is seen or sees.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace weft {

// What a process says by the word that it sleeps on. Every other one than `awake` is a reason for
// who has written to its memory to look closer.
enum class Attention : std::uint32_t {
  awake = 0,
  asleep = 1,  // to be woken
  left = 2,    // it has gone in good order, and reads nothing any more
};

// Tells the kernel that this process takes part in the barriers below. Once per process; false
// where the kernel cannot: sleeps must be short then.
bool register_sleepers();

// Orders this thread's earlier stores before the later loads of every registered process.
void barrier_all_processes();

// Sleeps while *word is Attention::asleep, at most `timeout`; may return early.
void futex_sleep(std::atomic<std::uint32_t>* word, std::chrono::nanoseconds timeout);

// Wakes who sleeps on the word, and sets it to Attention::awake if it is Attention::asleep.
void futex_wake(std::atomic<std::uint32_t>* word);

}  // namespace weft
