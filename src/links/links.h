// What all that talks to the same peers shares, whoever it is: communicators, engines, requests.
// Made before the transports are opened, and outlives them.
#pragma once

#include "base/clock.h"
#include "links/completions.h"
#include "links/failures.h"
#include "links/fork.h"
#include "progress/progress.h"

namespace weft::links {

struct Links {
  // `peers`: how many numbers there are. `clock` outlives it.
  Links(const Clock& clock, int peers) : failures(clock, peers), progress(clock) {}

  // Before everything that a user calls. Throws Error(unsupported) in a forked child.
  void enter() {
    fork.check();
    progress.enter();
  }

  // Ends the connection to a peer over the transport that reaches it: nothing is read or written
  // on its behalf any more, and no completion of it is raised.
  void disconnect(transport::Transport& transport, int peer);

  ForkGuard fork;
  Completions completions;
  Failures failures;
  Progress progress;
};

}  // namespace weft::links
