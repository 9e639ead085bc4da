#include "sim/regions.h"

#include <sys/mman.h>

namespace weft::sim {

RegionTable::~RegionTable() {
  for (Slot& slot : slots_) vacate(slot);
}

std::uint64_t RegionTable::allocate(std::uint32_t port, std::size_t bytes) {
  void* address = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED) return 0;
  return insert({static_cast<std::byte*>(address), bytes, port, true});
}

std::uint64_t RegionTable::add(std::uint32_t port, void* address, std::size_t bytes) {
  return insert({static_cast<std::byte*>(address), bytes, port, false});
}

Region RegionTable::find(std::uint64_t handle) const {
  const Slot* slot = slot_of(handle);
  return slot != nullptr && slot->reachable ? slot->region : Region{};
}

void RegionTable::remove(std::uint64_t handle) {
  if (slot_of(handle) == nullptr) return;
  Slot& slot = slots_[static_cast<std::uint32_t>(handle)];
  slot.reachable = false;
  slot.removed = true;
  vacate_if_unused(handle);
}

void RegionTable::hold(std::uint64_t handle) {
  if (slot_of(handle) != nullptr) ++slots_[static_cast<std::uint32_t>(handle)].holders;
}

void RegionTable::let_go(std::uint64_t handle) {
  if (slot_of(handle) == nullptr) return;
  --slots_[static_cast<std::uint32_t>(handle)].holders;
  vacate_if_unused(handle);
}

void RegionTable::vacate_if_unused(std::uint64_t handle) {
  const auto index = static_cast<std::uint32_t>(handle);
  if (!slots_[index].removed || slots_[index].holders > 0) return;
  vacate(slots_[index]);
  free_slots_.push_back(index);
}

void RegionTable::retire(std::uint32_t port) {
  for (std::size_t index = 0; index < slots_.size(); ++index) {
    const Slot& slot = slots_[index];
    if (slot.region.address != nullptr && slot.region.port == port)
      remove(std::uint64_t{slot.generation} << 32 | index);
  }
}

// A handle is the slot's generation and its index.
std::uint64_t RegionTable::insert(const Region& region) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t index = free_slots_.back();
  free_slots_.pop_back();
  slots_[index].region = region;
  slots_[index].reachable = true;
  slots_[index].removed = false;
  return std::uint64_t{slots_[index].generation} << 32 | index;
}

const RegionTable::Slot* RegionTable::slot_of(std::uint64_t handle) const {
  const auto index = static_cast<std::uint32_t>(handle);
  if (index >= slots_.size() || slots_[index].generation != handle >> 32) return nullptr;
  return slots_[index].region.address != nullptr ? &slots_[index] : nullptr;
}

void RegionTable::vacate(Slot& slot) {
  if (slot.region.owned) munmap(slot.region.address, slot.region.bytes);
  slot.region = {};
  slot.reachable = false;
  ++slot.generation;
}

}  // namespace weft::sim
