// Fits any number of ranks to an algorithm that wants a power of two.
#pragma once

#include "algorithms/builder.h"

namespace weft::algorithms {

// Of the first 2 * extras() ranks, the even ones ("extra") are represented by the next rank. The
// others are members, numbered 0, 1, ... in rank order, as many as the largest power of two.
class Fold {
 public:
  explicit Fold(int ranks) : extras_(ranks - (1 << log2_down(ranks))) {}

  int extras() const { return extras_; }
  // The member number of a rank; -1 for an extra.
  int member(int rank) const {
    if (rank >= 2 * extras_) return rank - extras_;
    return rank % 2 == 0 ? -1 : rank / 2;
  }
  // The rank of a member.
  int rank(int member) const { return member < extras_ ? 2 * member + 1 : member + extras_; }
  // The extra that a member rank represents, or -1.
  int extra(int rank) const { return rank < 2 * extras_ && rank % 2 == 1 ? rank - 1 : -1; }

 private:
  int extras_;
};

}  // namespace weft::algorithms
