// Who answers for whose blocks where every rank has one of its own: a rank that goes on to the next
// level takes along the blocks of those of its group that do not.
#pragma once

#include "algorithms/hierarchy.h"

#include <vector>

namespace weft::algorithms {

// For the collectives that have a block for each rank (reduce_scatter, all_gather).
class RailBlocks {
 public:
  // Both outlive it.
  RailBlocks(const PlanInput& plan, const Hierarchy& hierarchy);

  // The blocks that a rank answers for before stage `stage`, or after the last one.
  const std::vector<int>& of(std::size_t stage, int rank) const;
  // The phase inside the groups of a stage: each rank's part is its rail's blocks, of all groups;
  // nothing for those that do not go on.
  Phase inside(std::size_t stage, const Home& from) const;
  // The phase between those that are left: each one's part is what it answers for.
  Phase between(Generator* generator, const Home& from) const;
  // The handings at a stage from those that go on to those that do not.
  std::vector<Composer::Handing> handings(std::size_t stage) const;

  // The most blocks of any rank that does not go on, and of any that does, at a stage; and of those
  // that are left. The same at every rank.
  int most_handed(std::size_t stage) const { return most_handed_[stage]; }
  int most_taken(std::size_t stage) const { return most_taken_[stage]; }
  int most_between() const { return most_between_; }

 private:
  using Columns = std::vector<std::vector<int>>;

  // All rails of one level become those of the next.
  Columns go_on(const Columns& columns, const topology::Level& level);

  const PlanInput& plan_;
  const Hierarchy& hierarchy_;
  std::vector<std::vector<std::vector<int>>> of_;  // by stage and rank
  std::vector<int> widest_rail_;
  std::vector<int> most_handed_;
  std::vector<int> most_taken_;
  int most_between_ = 1;
};

}  // namespace weft::algorithms
