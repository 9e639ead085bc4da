// Everything that one thread moves on: a wait for one thing turns the others too, or two processes
// that wait for two things in different orders would wait for each other.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace weft {

class Progress;

// Of one thread; others may take something out of it that they use from then on.
class Neighbours {
 public:
  // Those of the calling thread, which it leaves behind when it ends.
  static std::shared_ptr<Neighbours> of_this_thread();

  void add(Progress* progress);
  // Nobody turns it here any more when this returns.
  void remove(Progress* progress);
  // Turns all but one of them. Called by the thread whose they are. Takes a lock where there are
  // others.
  void poll_others(const Progress* caller) {
    if (several()) poll_all_but(caller);
  }
  // Whether there is more than one.
  bool several() const { return count_.load(std::memory_order_relaxed) > 1; }

 private:
  void poll_all_but(const Progress* caller);

  // One that is turned may end another one.
  std::recursive_mutex mutex_;
  std::vector<Progress*> all_;
  std::atomic<std::size_t> count_{0};
};

}  // namespace weft
