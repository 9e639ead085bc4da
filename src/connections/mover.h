// Moves transports on while the rank waits in its bootstrap: a peer's set-up may need this side's
// progress.
#pragma once

#include <sched.h>

#include <thread>

#include "transport/transports.h"

namespace weft {

// Between construction and destruction nobody else may touch the transports. Does nothing where
// none needs progress.
class Mover {
 public:
  // `transports` may be null: none is open yet.
  explicit Mover(const Transports* transports) {
    if (transports == nullptr || !transports->need_progress()) return;
    thread_ = std::jthread([transports](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        transports->progress();
        sched_yield();
      }
    });
  }

 private:
  std::jthread thread_;
};

}  // namespace weft
