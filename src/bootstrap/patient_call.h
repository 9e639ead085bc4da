// Calls that may block for longer than anybody wants to wait: name servers, process managers.
#pragma once

#include "bootstrap/deadline.h"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace weft::bootstrap {

// Runs `call` in a thread of its own, which takes no signals. Throws Error(no_resources) where none
// can be started.
void run_aside(std::function<void()> call);

// Keeps this library in memory for the life of the process: a thread that nobody waits for any more
// comes back into its code.
void stay_loaded();

// What `call` returns; none: the deadline passed. It goes on then, unheard, in its thread: it
// throws nothing, and what it refers to lives as long as the process. A forked child has no such
// thread.
template <typename Result>
std::optional<Result> call_within(const Deadline& deadline, std::function<Result()> call) {
  struct Pending {
    std::mutex mutex;
    std::condition_variable returned;
    std::optional<Result> result;
  };
  const auto pending = std::make_shared<Pending>();
  run_aside([pending, call = std::move(call)] {
    Result result = call();
    const std::lock_guard lock(pending->mutex);
    pending->result.emplace(std::move(result));
    pending->returned.notify_all();
  });
  std::unique_lock lock(pending->mutex);
  if (!pending->returned.wait_until(lock, deadline.at(),
                                    [&] { return pending->result.has_value(); })) {
    stay_loaded();
  }
  return std::move(pending->result);
}

}  // namespace weft::bootstrap
