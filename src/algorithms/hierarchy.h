// What the hierarchical algorithms share: the walk from the innermost level outwards.
#pragma once

#include "algorithms/compose.h"
#include "algorithms/groups.h"

#include <vector>

namespace weft::algorithms {

// One level: groups of the ranks that are left, of which some go on to the next level.
struct Stage {
  const topology::Level* level = nullptr;
  Groups groups;
  Groups::Spot spot;        // of this rank; {-1, -1}: it was left behind at an inner level
  int going = 1;            // so many ranks of each group go on
  int leader = 0;           // leaders only: the number of the one that goes on in this rank's group
  bool load_store = false;  // ranks of a group map each other

  const std::vector<int>& group() const;  // this rank's
};

struct Hierarchy {
  std::vector<Stage> stages;  // innermost first; levels that tell nothing are left out
  std::vector<int> members;   // who is left in the end: one of each group, this rank or one like it
  int own = -1;               // this rank's number among them; -1: not there
};

// Rank k of a group goes on with the k-th of every other one, as many as the smallest group has:
// rails side by side.
Hierarchy rails(const PlanInput& plan);

// One rank of each group goes on: the root where it is there, or the first.
Hierarchy leaders(const PlanInput& plan);

// A phase of a stage: what is told by the stage is filled in, and the generator by how large its
// groups are.
Phase phase_of(const Stage& stage, Collective collective);
// The phase of those that are left.
Phase phase_of(const Hierarchy& hierarchy, const PlanInput& plan, Generator* generator);

// The ranks of each group wait for each other.
void add_meeting(Composer& composer, const Stage& stage);

// What every rank's schedule of a flat algorithm has in common, among those that are left.
schedule::Schedule frame_of(const Hierarchy& hierarchy, Collective collective,
                            Generator* generator);

}  // namespace weft::algorithms
