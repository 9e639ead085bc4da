// What every place holds while schedules run symbolically, and who touched it last.
#pragma once

#include "schedule/clocks.h"
#include "schedule/elements.h"
#include "schedule/schedule.h"

#include <cstdint>
#include <vector>

namespace weft::schedule {

// An element's content. `sum` adds a random tag for each contribution, so equal sums mean equal
// contributions; `expression` hashes how it was computed, so equal expressions mean equal bits.
struct Value {
  std::uint64_t sum = 0;
  std::uint64_t expression = 0;
  std::int64_t element = -1;  // of the message; -1: nothing was written yet
  bool final = false;
  bool partial = false;  // a partial sum, as Operand says
};

std::uint64_t mix(std::uint64_t value);

// Rank `rank`'s own contribution to an element of the message.
Value contribution(int rank, std::int64_t element);

// Adds a source to a reduction; start with reduce_start().
Value reduce_start(int sources);
void reduce_add(Value& result, const Value& source);

struct Cell {
  Value value;
  Event written;
  Event read;                 // the last reader...
  std::int32_t earlier = -1;  // ...and a list of others since the last write
};

// One element of an operand: the number of its block in the operand and its number in that block.
struct Unit {
  int block = 0;
  std::size_t number = 0;
};

// A cell for each element of every buffer of all ranks. Slots are reused every second pass, or
// where passes trail, when their spot comes round again.
class Memory {
 public:
  // Both outlive it.
  Memory(const Schedule& frame, const Elements& elements);

  Cell& cell(const Operand& place, Unit unit, int pass) { return cells_[index(place, unit, pass)]; }
  // The cell that is the same memory as an input or output cell when working in place, or null.
  Cell* alias(const Operand& place, Unit unit, int pass);

  void note_read(Cell& cell, Event reader);
  // An access of the cell that `rank` does not know to be over: a write, or also a read. rank -1:
  // none.
  Event unordered_write(const Cell& cell, int rank, const Clocks& clocks) const;
  Event unordered_access(const Cell& cell, int rank, const Clocks& clocks) const;
  void note_write(Cell& cell, Event writer, const Value& value);

 private:
  struct Earlier {
    Event read;
    std::int32_t next;
  };

  void fill(const Operand& place);
  std::size_t index(const Operand& place, Unit unit, int pass) const;

  const Schedule& frame_;
  const Elements& elements_;
  std::size_t user_cells_;  // input and output of one rank
  std::size_t slot_cells_;  // slots of one rank in one pass
  std::size_t sets_;        // of slots, which passes take in turn
  std::size_t stride_;
  std::vector<std::size_t> slot_start_;
  std::vector<Cell> cells_;
  std::vector<Earlier> earlier_;
};

}  // namespace weft::schedule
