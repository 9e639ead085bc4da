#include "schedule/layout.h"

#include <weft/collective_traits.h>

namespace weft::schedule {
namespace {

int blocks_of(Holding holding, const Schedule& schedule, int rank) {
  switch (holding) {
    case Holding::nothing:
      return 0;
    case Holding::own_block:
      return 1;
    case Holding::all:
      return schedule.blocks;
    case Holding::all_at_root:
      return rank == schedule.root ? schedule.blocks : 0;
  }
  return 0;
}

}  // namespace

int input_blocks(const Schedule& schedule, int rank) {
  return blocks_of(traits_of(schedule.collective).input, schedule, rank);
}

int output_blocks(const Schedule& schedule, int rank) {
  return blocks_of(traits_of(schedule.collective).output, schedule, rank);
}

bool own_block_only(Collective collective, Buffer buffer) {
  const CollectiveTraits& traits = traits_of(collective);
  return (buffer == Buffer::input && traits.input == Holding::own_block) ||
         (buffer == Buffer::output && traits.output == Holding::own_block);
}

int logical_block(const Schedule& schedule, const Operand& place) {
  return own_block_only(schedule.collective, place.buffer) ? place.rank + place.index : place.index;
}

}  // namespace weft::schedule
