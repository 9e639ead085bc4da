#include "schedule/layout.h"

namespace weft::schedule {

int input_blocks(const Schedule& schedule, int rank) {
  switch (schedule.collective) {
    case Collective::all_gather:
      return 1;
    case Collective::broadcast:
      return rank == schedule.root ? schedule.blocks : 0;
    default:
      return schedule.blocks;
  }
}

int output_blocks(const Schedule& schedule, int rank) {
  switch (schedule.collective) {
    case Collective::reduce_scatter:
      return 1;
    case Collective::reduce:
      return rank == schedule.root ? schedule.blocks : 0;
    default:
      return schedule.blocks;
  }
}

int logical_block(const Schedule& schedule, const Operand& place) {
  const bool own_block_only =
      (schedule.collective == Collective::reduce_scatter && place.buffer == Buffer::output) ||
      (schedule.collective == Collective::all_gather && place.buffer == Buffer::input);
  return own_block_only ? place.rank + place.index : place.index;
}

}  // namespace weft::schedule
