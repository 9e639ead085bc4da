// Every group reduces and scatters the message among its ranks; rank k of all groups together
// all-reduce their slice; every group gathers the slices. So all ranks of a host send, each its
// own part, and each part crosses to other hosts once. Groups within groups do the same inside.
#include "algorithms/hierarchical.h"
#include "algorithms/hierarchy.h"

namespace weft::algorithms {
namespace {

// The slice of a stage: what every rank of a group brings into it and each that goes on takes on.
struct Slice {
  int first = 0;
  int count = 0;
};

BlockMap slices(const Stage& stage, const Slice& slice) {
  BlockMap map = BlockMap::even(slice.first, slice.count, stage.going);
  for (std::size_t left = static_cast<std::size_t>(stage.going); left < stage.group().size();
       ++left)
    map.add({});
  return map;
}

void add_stage(Composer& composer, const Stage& stage, const Slice& slice, Collective collective,
               Home from, Home to) {
  Phase phase = phase_of(stage, collective);
  phase.map = slices(stage, slice);
  phase.widest = slice.count / stage.going;
  phase.from = std::move(from);
  phase.to = std::move(to);
  composer.add(phase);
}

}  // namespace

schedule::Schedule all_reduce_split_rail(const PlanInput& plan, Generator* between) {
  const Hierarchy hierarchy = rails(plan);
  const schedule::Schedule frame = frame_of(hierarchy, Collective::all_reduce, between);
  const int parts = frame.blocks;
  int blocks = parts;
  for (const Stage& stage : hierarchy.stages) blocks *= stage.going;

  Composer composer(plan, "split_rail_" + frame.algorithm, blocks);
  const Home output{.buffer = schedule::Buffer::output};
  Home home;
  std::vector<Slice> taken = {{0, blocks}};
  for (const Stage& stage : hierarchy.stages) {
    const Slice slice = taken.back();
    const int part = slice.count / stage.going;
    const bool goes_on = stage.spot.number >= 0 && stage.spot.number < stage.going;
    taken.push_back({slice.first + (goes_on ? stage.spot.number * part : 0), part});
    const Home sums = composer.add_sums(taken.back().first, part);
    add_stage(composer, stage, slice, Collective::reduce_scatter, home, sums);
    home = sums;
  }
  Phase phase = phase_of(hierarchy, plan, between);
  phase.map = BlockMap::even(taken.back().first, parts, parts);
  phase.from = home;
  composer.add(phase);
  for (std::size_t i = hierarchy.stages.size(); i-- > 0;)
    add_stage(composer, hierarchy.stages[i], taken[i], Collective::all_gather, output, output);
  return composer.build();
}

}  // namespace weft::algorithms
