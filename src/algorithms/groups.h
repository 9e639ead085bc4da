// How a set of ranks falls apart into the groups of a level.
#pragma once

#include "topology/shape.h"

#include <vector>

namespace weft::algorithms {

// The groups of `members` at a level, in the order of their first members.
struct Groups {
  std::vector<std::vector<int>> members;
  std::vector<int> sizes;  // that occur, each once
  int smallest = 0;
  int largest = 0;

  // One group, or groups of one: the level tells nothing about these ranks.
  bool trivial() const { return members.size() <= 1 || largest <= 1; }
  // Where a rank is: group and number in it; {-1, -1} where it is no member.
  struct Spot {
    int group = -1;
    int number = -1;
  };
  Spot find(int rank) const;
};

Groups split(const std::vector<int>& members, const topology::Level& level);

}  // namespace weft::algorithms
