// Times all ways to run a call against each other.
#pragma once

#include <weft/communicator.h>

#include <cstddef>
#include <vector>

namespace weft::perf {

struct TimedCandidate {
  weft::Candidate candidate;
  double us = 0;  // measured; 0: not, since it was far behind
};

struct TimedCall {
  Collective collective = Collective::all_reduce;
  std::size_t bytes = 0;  // count times the element's size
  bool allocated = false;
  double seconds = 0.3;  // for all of them together, about
};

// Collective. The rounds of all candidates are interleaved; each one's time is the median of its
// rounds' medians. In the order of the candidates, at every rank; the times count at rank 0. The
// candidates that cost more than `hopeless` times the cheapest, by price or by a first look, are
// not timed.
std::vector<TimedCandidate> autotune(Communicator& communicator, const TimedCall& call,
                                     double hopeless = 4);

// "split_rail_ring, bulk, 2 lanes".
std::string text_of(const Preference& how);

}  // namespace weft::perf
