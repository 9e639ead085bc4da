// Measures what links cost, for the tuner.
#pragma once

#include <weft/communicator.h>

#include <map>
#include <optional>
#include <string>

#include "tuner/fabric.h"

namespace weft::perf {

struct Probed {
  std::string situation;  // the job's name
  std::map<std::string, tuner::Link>
      links;  // by the name of a tuner::Relation, where it has such pairs
  // What serves a pair that maps each other's memory best, see base/cpu.h.
  std::optional<unsigned> poll_pauses;
};

// Collective over the ranks that `options` make join each other: rank 0 puts to the first rank
// at its own L3 cache, in its package, on its host and on another one, while all others wait. The
// result counts at rank 0. Takes about a second. Throws Error.
Probed probe_links(const Options& options);

}  // namespace weft::perf
