#include "schedule/memory_model.h"

#include <algorithm>

#include "schedule/layout.h"

namespace weft::schedule {

std::uint64_t mix(std::uint64_t value) {  // the finalizer of splitmix64
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

Value contribution(int rank, std::int64_t element) {
  const std::uint64_t name =
      (static_cast<std::uint64_t>(rank) << 32) ^ static_cast<std::uint64_t>(element);
  return {.sum = mix(name), .expression = mix(~name), .element = element};
}

Value reduce_start(int sources) { return {.expression = mix(static_cast<std::uint64_t>(sources))}; }

void reduce_add(Value& result, const Value& source) {
  result.sum += source.sum;
  result.expression = mix(result.expression ^ source.expression);
  result.element = source.element;
}

Memory::Memory(const Schedule& frame, const Elements& elements)
    : frame_(frame), elements_(elements), user_cells_(2 * elements.total()), slot_cells_(0) {
  for (const int blocks : frame.slot_blocks) {
    slot_start_.push_back(slot_cells_);
    slot_cells_ += static_cast<std::size_t>(blocks) * elements.most();
  }
  const auto passes = static_cast<std::size_t>(elements.passes());
  sets_ = std::min<std::size_t>(passes, frame.trails ? kTrailSpots : 2);
  stride_ = user_cells_ + slot_cells_ * sets_;
  cells_.resize(stride_ * static_cast<std::size_t>(frame.ranks));
  for (int rank = 0; rank < frame.ranks; ++rank) {
    for (int block = 0; block < input_blocks(frame, rank); ++block)
      fill({Buffer::input, rank, block});
  }
}

// Gives a block of a rank's input its contributions.
void Memory::fill(const Operand& place) {
  const int block = logical_block(frame_, place);
  for (int pass = 0; pass < elements_.passes(); ++pass) {
    const std::size_t first = elements_.first(block, pass);
    for (std::size_t i = 0; i < elements_.count(block, pass); ++i)
      cell(place, {0, i}, pass).value =
          contribution(place.rank, static_cast<std::int64_t>(first + i));
  }
}

std::size_t Memory::index(const Operand& place, Unit unit, int pass) const {
  const std::size_t start = static_cast<std::size_t>(place.rank) * stride_;
  if (place.buffer == Buffer::slot) {
    return start + user_cells_ + slot_cells_ * (static_cast<std::size_t>(pass) % sets_) +
           slot_start_[static_cast<std::size_t>(place.index)] +
           static_cast<std::size_t>(place.offset + unit.block) * elements_.most() + unit.number;
  }
  const std::size_t half = place.buffer == Buffer::output ? user_cells_ / 2 : 0;
  return start + half + elements_.first(place.index + unit.block, pass) + unit.number;
}

Cell* Memory::alias(const Operand& place, Unit unit, int pass) {
  if (place.buffer == Buffer::slot) return nullptr;
  const bool is_input = place.buffer == Buffer::input;
  Operand other{is_input ? Buffer::output : Buffer::input, place.rank, 0};
  const int blocks =
      is_input ? output_blocks(frame_, place.rank) : input_blocks(frame_, place.rank);
  other.index = logical_block(frame_, place) + unit.block - logical_block(frame_, other);
  const bool exists = other.index >= 0 && other.index < blocks;
  return exists ? &cell(other, {0, unit.number}, pass) : nullptr;
}

void Memory::note_read(Cell& cell, Event reader) {
  if (cell.read.rank >= 0 && cell.read.rank != reader.rank) {
    earlier_.push_back({cell.read, cell.earlier});
    cell.earlier = static_cast<std::int32_t>(earlier_.size()) - 1;
  }
  if (cell.read.rank == reader.rank && cell.read.time > reader.time) return;
  cell.read = reader;
}

Event Memory::unordered_write(const Cell& cell, int rank, const Clocks& clocks) const {
  if (cell.written.rank >= 0 && !clocks.knows(rank, cell.written)) return cell.written;
  return {};
}

Event Memory::unordered_access(const Cell& cell, int rank, const Clocks& clocks) const {
  if (cell.read.rank >= 0 && !clocks.knows(rank, cell.read)) return cell.read;
  for (std::int32_t i = cell.earlier; i >= 0; i = earlier_[static_cast<std::size_t>(i)].next) {
    const Event read = earlier_[static_cast<std::size_t>(i)].read;
    if (!clocks.knows(rank, read)) return read;
  }
  return unordered_write(cell, rank, clocks);
}

void Memory::note_write(Cell& cell, Event writer, const Value& value) {
  cell.value = value;
  cell.written = writer;
  cell.read = {};
  cell.earlier = -1;
}

}  // namespace weft::schedule
