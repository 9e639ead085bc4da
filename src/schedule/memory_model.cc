#include "schedule/memory_model.h"

#include "schedule/layout.h"

namespace weft::schedule {

std::uint64_t mix(std::uint64_t value) {  // the finalizer of splitmix64
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

Value contribution(int rank, int block) {
  const std::uint64_t name =
      (static_cast<std::uint64_t>(rank) << 32) | static_cast<std::uint32_t>(block);
  return {.sum = mix(name), .expression = mix(~name), .block = block};
}

Value reduce_start(int sources) { return {.expression = mix(static_cast<std::uint64_t>(sources))}; }

void reduce_add(Value& result, const Value& source) {
  result.sum += source.sum;
  result.expression = mix(result.expression ^ source.expression);
  result.block = source.block;
}

Memory::Memory(const Schedule& frame, int passes)
    : frame_(frame),
      user_cells_(2 * static_cast<std::size_t>(frame.blocks)),
      slot_cells_(0),
      passes_(static_cast<std::size_t>(passes)) {
  for (const int blocks : frame.slot_blocks) {
    slot_start_.push_back(slot_cells_);
    slot_cells_ += static_cast<std::size_t>(blocks);
  }
  const std::size_t sets = passes > 1 ? 2 : 1;
  stride_ = user_cells_ * passes_ + slot_cells_ * sets;
  cells_.resize(stride_ * static_cast<std::size_t>(frame.ranks));
  for (int rank = 0; rank < frame.ranks; ++rank) {
    for (int block = 0; block < input_blocks(frame, rank); ++block) {
      const Operand place{Buffer::input, rank, block};
      for (int pass = 0; pass < passes; ++pass) {
        cell(place, 0, pass).value = contribution(rank, logical_block(frame, place));
      }
    }
  }
}

std::size_t Memory::index(Buffer buffer, int rank, int place, int offset, int pass) const {
  const std::size_t start = static_cast<std::size_t>(rank) * stride_;
  const auto p = static_cast<std::size_t>(pass);
  const auto o = static_cast<std::size_t>(offset);
  if (buffer == Buffer::slot) {
    return start + user_cells_ * passes_ + slot_cells_ * (p % 2) +
           slot_start_[static_cast<std::size_t>(place)] + o;
  }
  const std::size_t half = buffer == Buffer::output ? user_cells_ / 2 : 0;
  return start + user_cells_ * p + half + static_cast<std::size_t>(place) + o;
}

Cell* Memory::alias(const Operand& place, int offset, int pass) {
  if (place.buffer == Buffer::slot) return nullptr;
  const bool is_input = place.buffer == Buffer::input;
  Operand other{is_input ? Buffer::output : Buffer::input, place.rank, 0};
  const int blocks =
      is_input ? output_blocks(frame_, place.rank) : input_blocks(frame_, place.rank);
  other.index = logical_block(frame_, place) + offset - logical_block(frame_, other);
  return other.index >= 0 && other.index < blocks ? &cell(other, 0, pass) : nullptr;
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
