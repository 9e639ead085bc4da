// Which passes trail, and what such a pass needs to know of the row that it belongs to (see "Passes
// that trail" in schedule/schedule.h). The same at every rank, since all run the same passes in the
// same order.
#pragma once

#include <cstddef>
#include <cstdint>

#include "memory/segment_layout.h"
#include "schedule/schedule.h"

namespace weft::executor {

struct Program;

// What a pass knows of the one kTrailTurn before it in its row.
struct TrailPoint {
  std::size_t first_slot = 0;  // as LaneState::first_slot
  std::size_t slot_block_bytes = 0;
  std::uint64_t flag = 0;
};

class Trail {
 public:
  static constexpr std::size_t kSpotBytes =
      memory::kTrailBytes / schedule::kTrailSpots / kCacheLine * kCacheLine;

  // `begin`: of the spots, from where passes' slots are counted.
  explicit Trail(std::size_t begin = 0) : begin_(begin) {}

  // Whether the next pass may be one of this program, with slots of so many bytes. A row begins
  // behind a pass of the same program that did not trail: where calls of several kinds follow each
  // other, ranks that leave a call together meet in the next one without waiting.
  bool admits(const Program& program, std::size_t bytes) const {
    return bytes <= kSpotBytes && (program_ == nullptr ? before_ : program_) == &program;
  }
  // The next pass does not trail; its program's form that does, or null.
  void end_row(const Program* form) {
    program_ = nullptr;
    before_ = form;
  }

  // The next pass does.
  void enter(const Program& program) {
    if (program_ == nullptr) number_ = 0;
    program_ = &program;
    ++number_;
    if (++spot_ == schedule::kTrailSpots) spot_ = 0;
  }
  std::size_t first_slot() const { return begin_ + spot_ * kSpotBytes; }
  // Of the pass that trails so many passes later.
  std::size_t later_slot(std::size_t passes) const {
    const std::size_t spot = spot_ + passes;
    return begin_ +
           (spot >= schedule::kTrailSpots ? spot - schedule::kTrailSpots : spot) * kSpotBytes;
  }
  // Of that pass: whether its trailing signals are given, whether its trailing waits are made.
  bool signals() const { return number_ % schedule::kTrailTurn == 0; }
  bool waits() const { return signals() && number_ >= 2 * schedule::kTrailTurn; }
  // Of a pass that signals: what was noted of the one before it that did, in exchange for its own.
  TrailPoint note(const TrailPoint& own) {
    const TrailPoint before = noted_;
    noted_ = own;
    return before;
  }

 private:
  std::size_t begin_;
  std::size_t spot_ = 0;              // the last pass's
  const Program* program_ = nullptr;  // of the row; null: the last pass did not trail
  const Program* before_ = nullptr;   // the form that trails of the last pass that did not
  std::uint64_t number_ = 0;          // of the last pass in its row
  TrailPoint noted_;
};

}  // namespace weft::executor
