// Every group meets, its leader meets the other leaders, and every group meets again.
#include "algorithms/hierarchical.h"
#include "algorithms/hierarchy.h"

namespace weft::algorithms {

schedule::Schedule barrier_leader(const PlanInput& plan, Generator* between) {
  const Hierarchy hierarchy = leaders(plan);
  Composer composer(plan, "leader_" + frame_of(hierarchy, plan.collective, between).algorithm, 0);
  for (const Stage& stage : hierarchy.stages) add_meeting(composer, stage);
  composer.add(phase_of(hierarchy, plan, between));
  for (auto stage = hierarchy.stages.rbegin(); stage != hierarchy.stages.rend(); ++stage)
    add_meeting(composer, *stage);
  return composer.build();
}

}  // namespace weft::algorithms
