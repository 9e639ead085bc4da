// Every group reduces to its leader, the leaders all-reduce, and every leader broadcasts to its
// group: the fewest messages between hosts, for small sizes and for ranks that share cores.
#include "algorithms/hierarchical.h"
#include "algorithms/hierarchy.h"

namespace weft::algorithms {
namespace {

void add_stage(Composer& composer, Phase phase, int blocks, Home from, Home to) {
  phase.map = BlockMap::even(0, blocks, 1);
  phase.widest = blocks;
  phase.from = std::move(from);
  phase.to = std::move(to);
  composer.add(phase);
}

}  // namespace

schedule::Schedule all_reduce_leader(const PlanInput& plan, Generator* between) {
  const Hierarchy hierarchy = leaders(plan);
  const schedule::Schedule frame = frame_of(hierarchy, Collective::all_reduce, between);
  Composer composer(plan, "leader_" + frame.algorithm, frame.blocks);
  const Home output{.buffer = schedule::Buffer::output};

  Home from;
  for (const Stage& stage : hierarchy.stages) {
    const Home sums = composer.add_sums(0, frame.blocks);
    add_stage(composer, phase_of(stage, Collective::reduce), frame.blocks, from, sums);
    from = sums;
  }
  Phase phase = phase_of(hierarchy, plan, between);
  phase.map = BlockMap::even(0, frame.blocks, frame.blocks);
  phase.from = from;
  composer.add(phase);
  for (auto stage = hierarchy.stages.rbegin(); stage != hierarchy.stages.rend(); ++stage) {
    add_stage(composer, phase_of(*stage, Collective::broadcast), frame.blocks, output, output);
  }
  return composer.build();
}

}  // namespace weft::algorithms
