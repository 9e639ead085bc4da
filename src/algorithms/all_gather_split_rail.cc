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
  composer.add(blocks.between(between, home));
  for (std::size_t i = hierarchy.stages.size(); i-- > 0;)
    composer.add(blocks.inside(i, {.buffer = schedule::Buffer::output}));
  return composer.build();
}

}  // namespace weft::algorithms
