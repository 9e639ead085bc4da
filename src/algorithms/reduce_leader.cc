// Every group reduces to one of its ranks, and these reduce to the root. Every group meets at the
// end, so that nobody ends before all have started.
#include "algorithms/hierarchical.h"
#include "algorithms/hierarchy.h"

namespace weft::algorithms {

schedule::Schedule reduce_leader(const PlanInput& plan, Generator* between) {
  const Hierarchy hierarchy = leaders(plan);
  const schedule::Schedule frame = frame_of(hierarchy, Collective::reduce, between);
  Composer composer(plan, "leader_" + frame.algorithm, frame.blocks);
  const BlockMap all = BlockMap::even(0, frame.blocks, 1);
  Home from;
  for (const Stage& stage : hierarchy.stages) {
    Phase phase = phase_of(stage, Collective::reduce);
    phase.map = all;
    phase.widest = frame.blocks;
    phase.one_by_one = frame.blocks > 1;
    phase.from = from;
    // Only the root has an output.
    phase.to = from = composer.add_scratch(all.blocks, frame.blocks, true);
    composer.add(phase);
  }
  Phase phase = phase_of(hierarchy, plan, between);
  phase.map = BlockMap::even(0, frame.blocks, frame.blocks);
  phase.one_by_one = frame.blocks > 1 && !hierarchy.stages.empty();
  phase.from = from;
  composer.add(phase);
  for (auto stage = hierarchy.stages.rbegin(); stage != hierarchy.stages.rend(); ++stage)
    add_meeting(composer, *stage);
  return composer.build();
}

}  // namespace weft::algorithms
