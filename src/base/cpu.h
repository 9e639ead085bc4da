// The few processor-specific things.
#pragma once

#include <atomic>
#include <cstddef>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace weft {

inline constexpr std::size_t kCacheLine = 64;

// Tells the core that this is a polling loop.
inline void cpu_pause() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// What follows does not begin before what precedes has been done: a load that is timed is not made
// before the time of its beginning is taken.
inline void finish_before() {
#if defined(__x86_64__)
  _mm_lfence();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#else
  std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
}

// Tells the calling thread from all others that live.
inline const void* thread_mark() {
#if defined(__x86_64__)
  const void* mark;
  asm("mov %%fs:0, %0" : "=r"(mark));
  return mark;
#elif defined(__aarch64__)
  const void* mark;
  asm("mrs %0, tpidr_el0" : "=r"(mark));
  return mark;
#else
  static thread_local const char mark = 0;
  return &mark;
#endif
}

// How many pauses to make between two looks at a line that another core is to write in answer to
// this one's.
//
// Some processors hand a line that was read over to its reader, to write it without asking again.
// Whoever looks meanwhile takes it back before the answer is in it, and the answer then waits for
// two transfers: so looks are best about as far apart as one transfer. Others leave it with its
// writer, and the sooner a look the better. `weft-tune probe` measures what is best here and the
// tuning file keeps it; without one it is a single pause, which is about a transfer on processors
// of the first kind and next to nothing on the others.
unsigned poll_pauses();

// For the whole process.
inline constexpr unsigned kMostPollPauses = 64;
void set_poll_pauses(unsigned pauses);

inline void cpu_pause(unsigned times) {
  for (; times > 0; --times) cpu_pause();
}

// Looks whether `ready()`, with so many pauses in between, for about as long as `steps` looks
// without them take. Whether it was; it is not asked again then.
template <typename Ready>
bool spin(int steps, unsigned pauses, const Ready& ready) {
  for (int looks = steps / static_cast<int>(1 + pauses); looks > 0; --looks) {
    if (ready()) return true;
    cpu_pause(pauses);
  }
  return false;
}

// Begins to take a cache line away from the other cores, because it will be written soon. A hint.
inline void prefetch_for_write(const void* address) {
#if defined(__x86_64__)
  // The compiler's builtin only fetches a shared copy unless told that the processor has this.
  asm volatile("prefetchw %0" ::"m"(*static_cast<const char*>(address)));
#else
  __builtin_prefetch(address, 1);
#endif
}

}  // namespace weft
