// Every group reduces and scatters among its ranks so that rank k holds the blocks of all groups'
// k-th ranks; those reduce and scatter them among themselves. Where a group is larger than the
// smallest, some of its ranks get their block from another one of it at the end.
#include "algorithms/hierarchical.h"
#include "algorithms/rail_blocks.h"

namespace weft::algorithms {

schedule::Schedule reduce_scatter_split_rail(const PlanInput& plan, Generator* between) {
  const Hierarchy hierarchy = rails(plan);
  const RailBlocks blocks(plan, hierarchy);
  Composer composer(plan, "split_rail_" + frame_of(hierarchy, plan.collective, between).algorithm,
                    plan.ranks);
  Home home;
  for (std::size_t i = 0; i < hierarchy.stages.size(); ++i) {
    const Stage& stage = hierarchy.stages[i];
    Phase phase = blocks.inside(i, home);
    std::vector<int> mine;
    if (stage.spot.number >= 0 && stage.spot.number < stage.going) {
      const auto begin = phase.map.blocks.begin();
      const auto number = static_cast<std::size_t>(stage.spot.number);
      mine.assign(begin + phase.map.bounds[number], begin + phase.map.bounds[number + 1]);
    }
    phase.to = home = composer.add_scratch(mine, phase.widest, true);
    composer.add(phase);
  }
  Phase phase = blocks.between(between, home);
  Home result{.buffer = schedule::Buffer::output};
  if (blocks.most_between() > 1) {
    result =
        composer.add_scratch(blocks.of(hierarchy.stages.size(), plan.rank), blocks.most_between());
    phase.to = result;
  }
  composer.add(phase);
  if (blocks.most_between() == 1) return composer.build();
  for (std::size_t i = hierarchy.stages.size(); i-- > 0;)
    composer.hand_over(blocks.handings(i), blocks.most_handed(i), result, &result);
  composer.copy_to_output(plan.rank, result);
  return composer.build();
}

}  // namespace weft::algorithms
