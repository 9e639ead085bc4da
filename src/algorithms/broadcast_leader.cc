// The root broadcasts to one rank of each group, and that one to its group. Every group meets
// before, so that nobody ends before all have started.
#include "algorithms/hierarchical.h"
#include "algorithms/hierarchy.h"

namespace weft::algorithms {

schedule::Schedule broadcast_leader(const PlanInput& plan, Generator* between) {
  const Hierarchy hierarchy = leaders(plan);
  const schedule::Schedule frame = frame_of(hierarchy, Collective::broadcast, between);
  Composer composer(plan, "leader_" + frame.algorithm, frame.blocks);
  for (const Stage& stage : hierarchy.stages) add_meeting(composer, stage);
  Phase phase = phase_of(hierarchy, plan, between);
  phase.map = BlockMap::even(0, frame.blocks, frame.blocks);
  composer.add(phase);
  for (auto stage = hierarchy.stages.rbegin(); stage != hierarchy.stages.rend(); ++stage) {
    phase = phase_of(*stage, Collective::broadcast);
    phase.map = BlockMap::even(0, frame.blocks, 1);
    phase.widest = frame.blocks;
    phase.from.buffer = schedule::Buffer::output;
    composer.add(phase);
  }
  return composer.build();
}

}  // namespace weft::algorithms
