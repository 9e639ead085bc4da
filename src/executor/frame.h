// One step's view of what a lane runs.
#pragma once

#include "executor/distances.h"
#include "executor/operation.h"
#include "executor/outbox.h"

namespace weft::executor {

// `kTable`: whether the launch's parts are uneven, so that equal ones are
// found by arithmetic alone.
template <bool kTable>
struct Frame {
  LaneState* lane;
  const Launch& launch;
  const Program& program;
  Outbox* outbox;
  Distances* distances;

  std::size_t length(const Instruction& code, std::size_t i) const {
    return launch.partition.length<kTable>(static_cast<std::size_t>(code.block) + i, lane->chunk);
  }
  std::byte* address(const Place& place, std::size_t i) const {
    switch (place.kind) {
      case Place::Kind::slot:
        return place.base + slot_offset(place, i);
      case Place::Kind::memory:
        return place.base + i * program.private_stride;
      case Place::Kind::input:
        return const_cast<std::byte*>(launch.input) + offset(place, i);
      case Place::Kind::output:
        return launch.output + offset(place, i);
      case Place::Kind::peer_input:
        return const_cast<std::byte*>(launch.peer_inputs[place.rank]) + offset(place, i);
      case Place::Kind::peer_output:
        return launch.peer_outputs[place.rank] + offset(place, i);
    }
    return nullptr;
  }
  // Of a place in a user's buffer.
  std::size_t offset(const Place& place, std::size_t i) const {
    return launch.partition.offset<kTable>(place.index + i, lane->chunk);
  }
  std::size_t slot_offset(const Place& place, std::size_t i) const {
    return lane->first_slot + (place.index + i) * launch.slot_block_bytes;
  }
  bool packet() const { return program.protocol == Protocol::packet; }
  // What `bytes` of elements are where partial sums are kept.
  std::size_t widened(std::size_t bytes, bool partial) const {
    return partial ? bytes << launch.partial_shift : bytes;
  }
};

}  // namespace weft::executor
