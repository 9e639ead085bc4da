// Waiting for a value that another core is about to write.
#pragma once

#include <thread>

namespace weft::perf {

// Spins until `condition()`; now and then lets others run, so that two threads on one core get on.
template <typename Condition>
void spin_until(Condition condition) {
  constexpr int kSpins = 10000;
  for (int spins = 0; !condition(); ++spins) {
    if (spins == kSpins) {
      std::this_thread::yield();
      spins = 0;
    }
  }
}

}  // namespace weft::perf
