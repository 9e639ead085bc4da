#include "memories.h"

#include <sys/mman.h>

namespace weft::ucx {

Memories::~Memories() {
  for (const Memory& memory : all_) {
    if (memory.mapped) munmap(memory.address, memory.bytes);
  }
}

std::uint32_t Memories::add(std::byte* address, std::size_t bytes, bool mapped) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(all_.size()));
    all_.emplace_back();
  }
  const std::uint32_t number = free_.back();
  free_.pop_back();
  all_[number] = {address, bytes, all_[number].generation, mapped};
  return number;
}

void Memories::remove(std::uint32_t number) {
  Memory& memory = all_[number];
  if (memory.mapped) munmap(memory.address, memory.bytes);
  memory = {nullptr, 0, memory.generation + 1, false};
  free_.push_back(number);
}

Key Memories::key(std::uint32_t number) const {
  Key key;
  key.memory = number;
  key.generation = all_[number].generation;
  key.bytes = all_[number].bytes;
  return key;
}

std::byte* Memories::locate(const Spot& spot, std::size_t bytes) const {
  if (spot.memory >= all_.size()) return nullptr;
  const Memory& memory = all_[spot.memory];
  const bool inside = memory.address != nullptr && memory.generation == spot.generation &&
                      spot.offset <= memory.bytes && bytes <= memory.bytes - spot.offset;
  return inside ? memory.address + spot.offset : nullptr;
}

}  // namespace weft::ucx
