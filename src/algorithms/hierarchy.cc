#include "algorithms/hierarchy.h"

#include <algorithm>
#include <numeric>

namespace weft::algorithms {
namespace {

std::vector<int> everyone(int ranks) {
  std::vector<int> members(static_cast<std::size_t>(ranks));
  std::iota(members.begin(), members.end(), 0);
  return members;
}

int number_in(const std::vector<int>& members, int rank) {
  const auto found = std::ranges::find(members, rank);
  return found == members.end() ? -1 : static_cast<int>(found - members.begin());
}

// Calls go_on(stage) for each level that tells something; it returns who goes on.
template <typename GoOn>
Hierarchy walk(const PlanInput& plan, const GoOn& go_on) {
  Hierarchy hierarchy;
  hierarchy.members = everyone(plan.ranks);
  hierarchy.own = plan.rank;
  if (plan.shape == nullptr) return hierarchy;
  for (const topology::Level& level : plan.shape->levels) {
    Stage stage;
    stage.level = &level;
    stage.groups = split(hierarchy.members, level);
    if (stage.groups.trivial()) continue;
    if (hierarchy.own >= 0) stage.spot = stage.groups.find(plan.rank);
    stage.load_store = plan.load_store || level.load_store;
    hierarchy.members = go_on(stage);
    hierarchy.own = hierarchy.own < 0 ? -1 : number_in(hierarchy.members, plan.rank);
    hierarchy.stages.push_back(std::move(stage));
  }
  return hierarchy;
}

// In groups that are so large that it does not pay that everyone sends to everyone at once, what
// takes more steps and fewer messages.
Generator* generator_inside(Collective collective, int largest) {
  constexpr int kFewRanks = 16;
  const bool few = largest <= kFewRanks;
  switch (collective) {
    case Collective::reduce_scatter:
      return few ? reduce_scatter_one_shot : reduce_scatter_ring;
    case Collective::all_gather:
      return few ? all_gather_one_shot : all_gather_ring;
    case Collective::broadcast:
      return few ? broadcast_one_shot : broadcast_binomial_tree;
    case Collective::reduce:
      return few ? reduce_one_shot : reduce_binomial_tree;
    case Collective::all_reduce:
      return few ? all_reduce_one_shot : all_reduce_recursive_doubling;
    case Collective::barrier:
      break;
  }
  return few ? barrier_one_shot : barrier_dissemination;
}

}  // namespace

const std::vector<int>& Stage::group() const {
  return groups.members[static_cast<std::size_t>(std::max(spot.group, 0))];
}

Hierarchy rails(const PlanInput& plan) {
  return walk(plan, [](Stage& stage) {
    stage.going = stage.groups.smallest;
    const int rail = stage.spot.number < stage.going ? std::max(stage.spot.number, 0) : 0;
    std::vector<int> members;
    members.reserve(stage.groups.members.size());
    for (const auto& group : stage.groups.members)
      members.push_back(group[static_cast<std::size_t>(rail)]);
    return members;
  });
}

Hierarchy leaders(const PlanInput& plan) {
  return walk(plan, [&](Stage& stage) {
    std::vector<int> members;
    for (const auto& group : stage.groups.members) {
      const int root = number_in(group, plan.root);
      members.push_back(group[static_cast<std::size_t>(std::max(root, 0))]);
      if (&group == &stage.group()) stage.leader = std::max(root, 0);
    }
    return members;
  });
}

Phase phase_of(const Stage& stage, Collective collective) {
  Phase phase;
  phase.generator = generator_inside(collective, stage.groups.largest);
  phase.collective = collective;
  phase.sizes = stage.groups.sizes;
  phase.members = stage.group();
  phase.own = stage.spot.number;
  phase.root = stage.leader;
  phase.load_store = stage.load_store;
  return phase;
}

Phase phase_of(const Hierarchy& hierarchy, const PlanInput& plan, Generator* generator) {
  Phase phase;
  phase.generator = generator;
  phase.collective = plan.collective;
  phase.sizes = {static_cast<int>(hierarchy.members.size())};
  phase.members = hierarchy.members;
  phase.own = hierarchy.own;
  phase.root = std::max(number_in(hierarchy.members, plan.root), 0);
  phase.load_store = plan.load_store;
  phase.final = true;
  return phase;
}

void add_meeting(Composer& composer, const Stage& stage) {
  composer.add(phase_of(stage, Collective::barrier));
}

schedule::Schedule frame_of(const Hierarchy& hierarchy, Collective collective,
                            Generator* generator) {
  PlanInput input;
  input.collective = collective;
  input.ranks = static_cast<int>(hierarchy.members.size());
  return generator(input);
}

}  // namespace weft::algorithms
