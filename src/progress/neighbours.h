// Everything that one thread moves on: a wait for one thing turns the others too, or two processes
// that wait for two things in different orders would wait for each other.
#pragma once

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
  // Turns all but one. Called by the thread whose they are.
  void poll_others(const Progress* caller);
  // Whether there are others.
  bool any_beside(const Progress* caller) const;

 private:
  // One that is turned may end another one.
  mutable std::recursive_mutex mutex_;
  std::vector<Progress*> all_;
};

}  // namespace weft
