#include "perf/limits/pair.h"

#include "perf/common/candidate.h"

#include <pthread.h>
#include <sched.h>

#include <thread>

namespace weft::perf {
namespace {

// The `index`-th core this process may use, wrapping around.
void pin_to_core(int index) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return;
  const int count = CPU_COUNT(&allowed);
  int left = index % count;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (!CPU_ISSET(core, &allowed) || left-- > 0) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
    return;
  }
}

}  // namespace

PairSide::PairSide() {
  for (auto& slot : lines) slot = std::vector<FlaggedLine>(kLines);
  for (auto& slot : inbox) slot = allocate_plain(kInboxBytes);
}

void run_pair(bool pin, const std::function<void(int rank)>& body) {
  const auto run = [&](int rank) {
    if (pin) pin_to_core(rank);
    body(rank);
  };
  std::thread first(run, 0);
  std::thread second(run, 1);
  first.join();
  second.join();
}

}  // namespace weft::perf
