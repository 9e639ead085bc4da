#include "progress/neighbours.h"

#include "progress/progress.h"

namespace weft {

std::shared_ptr<Neighbours> Neighbours::of_this_thread() {
  thread_local const std::shared_ptr<Neighbours> mine = std::make_shared<Neighbours>();
  return mine;
}

void Neighbours::add(Progress* progress) {
  const std::lock_guard lock(mutex_);
  all_.push_back(progress);
  count_ = all_.size();
}

void Neighbours::remove(Progress* progress) {
  const std::lock_guard lock(mutex_);
  std::erase(all_, progress);
  count_ = all_.size();
}

void Neighbours::poll_all_but(const Progress* caller) {
  const std::lock_guard lock(mutex_);
  // By number: the list may become shorter on the way.
  for (std::size_t i = 0; i < all_.size(); ++i) {
    if (all_[i] != caller) all_[i]->poll();
  }
}

}  // namespace weft
