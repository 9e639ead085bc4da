// Runs one lane of an operation as far as it can go without waiting.
#pragma once

#include "executor/distances.h"
#include "executor/operation.h"
#include "executor/outbox.h"

namespace weft::executor {

// Sets what follows from lane->epoch and turn, and takes the pass's slots from lane->staging, or of
// a pass that trails from `trail`.
void enter_pass(const Operation& operation, LaneState* lane);
void enter_trailing(const Operation& operation, LaneState* lane, Trail* trail);

// Executes instructions until the lane is complete, waits for a peer, or finds no room in a
// transport: it goes on from there the next time. Returns how many instructions it completed.
// Neither waits nor spins. Throws PutFailed.
int advance(Operation* operation, LaneState* lane, Outbox* outbox, Distances* distances);

// The rank that an unfinished lane waits for: for what it sends, or for room to send to it; -1: its
// next instruction waits for nobody.
int awaited_rank(const Operation& operation, const LaneState& lane);

// The signal value or packet flag that a peer raises in a pass.
inline std::uint64_t make_flag(std::uint64_t epoch, std::uint64_t signature) {
  return epoch << 16 | signature;
}

}  // namespace weft::executor
