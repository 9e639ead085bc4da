// Barrier rounds that a generator weaves into the movement of its data.
#pragma once

#include "algorithms/builder.h"

namespace weft::algorithms {

// In round k every rank signals the one 2^k further on: after all rounds everyone has heard,
// indirectly, of everyone. Broadcast and reduce move data one way only, so a rank could end before
// others have started and a slot be written while it is still read two passes back. They run these
// rounds beside their data: as many as the depth of a binomial tree, so they take no more time than
// the data does. Every rank runs the rounds in order; round k's wait may stand after any data step
// that a round k' <= k enables elsewhere, and nobody blocks for ever.
class Dissemination {
 public:
  Dissemination(Builder& builder, int rank, int ranks)
      : builder_(builder),
        rank_(rank),
        ranks_(ranks),
        rounds_(log2_up(ranks)),
        first_(builder.add_slots(rounds_, 0)) {}

  int rounds() const { return rounds_; }
  void signal(int round) { builder_.signal(around(rank_, 1 << round, ranks_), first_ + round); }
  void wait(int round) { builder_.wait(around(rank_, -(1 << round), ranks_), first_ + round); }

 private:
  Builder& builder_;
  int rank_;
  int ranks_;
  int rounds_;
  int first_;
};

}  // namespace weft::algorithms
