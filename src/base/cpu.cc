#include "base/cpu.h"

#include <algorithm>

namespace weft {
namespace {

std::atomic<unsigned> pauses_between_looks{1};

}  // namespace

unsigned poll_pauses() { return pauses_between_looks.load(std::memory_order_relaxed); }

void set_poll_pauses(unsigned pauses) {
  pauses_between_looks.store(std::min(pauses, kMostPollPauses), std::memory_order_relaxed);
}

}  // namespace weft
