#include "p2p/wait.h"

#include "base/error.h"

namespace weft::p2p {

void Waiter::turn(const std::function<bool()>& ready) {
  // Something else may move for long.
  constexpr unsigned kMovesPerLook = 64;
  endpoint_.enter();
  if (endpoint_.progress() > 0) {
    idle_.reset();
    if (++moves_ % kMovesPerLook == 0) check(ready);
    return;
  }
  if (!idle_.due()) return;
  const std::int64_t now = check(ready);
  idle_.rest(endpoint_.clock(), now, [&] {
    endpoint_.sleep(timeout_ - std::chrono::nanoseconds(now - started_ns_),
                    [&] { return endpoint_.progress() > 0 || ready(); });
  });
}

// Returns the time.
std::int64_t Waiter::check(const std::function<bool()>& ready) {
  const std::int64_t now = endpoint_.clock().now_ns();
  if (started_ns_ < 0) started_ns_ = now;
  endpoint_.look(now);
  int lost = awaited_.peer;
  const std::string* cause = failure(&lost);
  // What it sent before its end counts.
  if (cause != nullptr && endpoint_.progress() == 0 && !ready()) {
    fail(ErrorCode::peer_failed, "{}: {} failed: {}", awaited_.call, endpoint_.describe(lost),
         *cause);
  }
  const std::chrono::nanoseconds waited(now - started_ns_);
  if (waited < timeout_ || ready()) return now;
  fail(ErrorCode::timeout, "{}: waited {:.3g} s for {}", awaited_.call,
       std::chrono::duration<double>(waited).count(),
       awaited_.peer < 0 ? std::string("any rank") : endpoint_.describe(awaited_.peer));
}

// Of the awaited peer; who waits for any waits as long as one is left.
const std::string* Waiter::failure(int* peer) const {
  if (*peer >= 0) return endpoint_.failure(*peer);
  const std::string* cause = nullptr;
  for (int i = 0; i < endpoint_.peers(); ++i) {
    if (i == endpoint_.self()) continue;
    const std::string* failed = endpoint_.failure(i);
    if (failed == nullptr) return nullptr;
    cause = failed;
    *peer = i;
  }
  return cause;
}

}  // namespace weft::p2p
