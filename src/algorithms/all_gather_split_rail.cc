// The k-th ranks of all groups gather their blocks, and every group gathers what its ranks then
// have. Where a group is larger than the smallest, some of its ranks give their block to another
// one of it first.
#include "algorithms/hierarchical.h"
#include "algorithms/rail_blocks.h"

#include <utility>

namespace weft::algorithms {

schedule::Schedule all_gather_split_rail(const PlanInput& plan, Generator* between) {
  const Hierarchy hierarchy = rails(plan);
  const RailBlocks blocks(plan, hierarchy);
  Composer composer(plan, "split_rail_" + frame_of(hierarchy, plan.collective, between).algorithm,
                    plan.ranks);
  Home home;
  for (std::size_t i = 0; i < hierarchy.stages.size(); ++i) {
    if (blocks.most_handed(i) == 0) continue;
    std::vector<Composer::Handing> handings = blocks.handings(i);
    for (Composer::Handing& handing : handings) std::swap(handing.from, handing.to);
    composer.hand_over(handings, blocks.most_taken(i), home, &home);
  }
  Phase phase = phase_of(hierarchy, plan, between);
  phase.map = blocks.between();
  phase.widest = blocks.most_between();
  phase.one_by_one = !hierarchy.stages.empty();
  phase.from = home;
  composer.add(phase);
  for (std::size_t i = hierarchy.stages.size(); i-- > 0;) {
    const Stage& stage = hierarchy.stages[i];
    phase = phase_of(stage, Collective::all_gather, all_gather_one_shot, all_gather_ring);
    phase.map = blocks.rails(i);
    phase.widest = blocks.widest_rail(i);
    phase.one_by_one = true;
    phase.from.buffer = schedule::Buffer::output;
    composer.add(phase);
  }
  return composer.build();
}

}  // namespace weft::algorithms
