// How the caller's buffers are cut, by collective, as schedule.h tells it.
#pragma once

#include "schedule/schedule.h"

namespace weft::schedule {

// Blocks of a rank's input and output; 0 where the rank has none (input of broadcast at other ranks
// than the root, and so on).
int input_blocks(const Schedule& schedule, int rank);
int output_blocks(const Schedule& schedule, int rank);

// Whether a rank's input or output holds nothing but its own block, as index 0.
bool own_block_only(Collective collective, Buffer buffer);

// The logical block that `index` of a rank's input or output holds.
int logical_block(const Schedule& schedule, const Operand& place);

// Whether two places may be the same memory when a caller works in place: input and output at one
// rank, same logical block.
inline bool same_in_place(const Schedule& schedule, const Operand& a, const Operand& b) {
  return a.rank == b.rank && a.buffer != Buffer::slot && b.buffer != Buffer::slot &&
         logical_block(schedule, a) == logical_block(schedule, b);
}

}  // namespace weft::schedule
