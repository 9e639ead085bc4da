#include "progress/progress.h"

namespace weft {

void Progress::attend(std::vector<transport::Transport*> transports) {
  transports_ = std::move(transports);
  called_.clear();
  for (transport::Transport* transport : transports_) {
    if (!transport->capabilities().load_store) called_.push_back(transport);
  }
  sleeper_.attend(transports_);
}

void Progress::move_in() {
  thread_ = thread_mark();
  if (!joins_) return;
  if (home_ != nullptr) home_->remove(this);
  home_ = Neighbours::of_this_thread();
  home_->add(this);
}

void Progress::look_now(std::int64_t now_ns) {
  looked_ns_ = now_ns;
  for (transport::Transport* transport : transports_) transport->progress();
  for (Poller* poller : pollers_) poller->look(now_ns);
}

}  // namespace weft
