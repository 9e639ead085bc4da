// Runs a body as every rank of a communicator: as threads of this process or as processes of their
// own.
#pragma once

#include <weft/weft.h>

#include <functional>
#include <stdexcept>
#include <string>

namespace weft::testing {

using Body = std::function<void(Communicator&)>;
using OptionsBody = std::function<void(const Options&)>;

// For checks inside a rank, where a test framework's own macros cannot reach.
inline void require(bool condition, const std::string& what) {
  if (!condition) throw std::runtime_error(what);
}

// Every rank gets `options` and a start-up of its own. An exception in a rank is reported by
// throwing here, once all have ended, what the first failing rank threw, with its rank.
void run_threads(int ranks, const Options& options, const OptionsBody& body);
void run_threads(int ranks, const Options& options, const Body& body);

// The same with forked processes; returns the exit status of run_local_ranks (0: every body
// returned).
int run_processes(int ranks, const Options& options, const OptionsBody& body);
int run_processes(int ranks, const Options& options, const Body& body);

// Runs `call`, which must throw Error with this code and a message that has `part` in it.
void expect_error(ErrorCode code, const std::string& part, const std::function<void()>& call);

}  // namespace weft::testing
