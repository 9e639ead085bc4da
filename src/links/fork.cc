#include "links/fork.h"

#include <pthread.h>

#include <mutex>
#include <vector>

#include "base/error.h"

namespace weft::links {

// What fork() calls: the list of guards is whole in the child, and every guard there knows.
struct ForkHandlers {
  ForkHandlers() { pthread_atfork(lock, unlock, mark); }
  static ForkHandlers& instance() {
    static ForkHandlers* const handlers = new ForkHandlers;  // also for what ends after main()
    return *handlers;
  }
  static void lock() { instance().mutex.lock(); }
  static void unlock() { instance().mutex.unlock(); }
  static void mark() {
    for (ForkGuard* guard : instance().guards) guard->forked_ = true;
    unlock();
  }

  std::mutex mutex;
  std::vector<ForkGuard*> guards;
};

ForkGuard::ForkGuard() {
  ForkHandlers& handlers = ForkHandlers::instance();
  const std::lock_guard lock(handlers.mutex);
  handlers.guards.push_back(this);
}

ForkGuard::~ForkGuard() {
  ForkHandlers& handlers = ForkHandlers::instance();
  const std::lock_guard lock(handlers.mutex);
  std::erase(handlers.guards, this);
}

void ForkGuard::refuse() {
  fail(ErrorCode::unsupported,
       "this process was forked from the one that made this: make a communicator or an engine of "
       "its own");
}

}  // namespace weft::links
