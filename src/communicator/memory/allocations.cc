#include "communicator/memory/allocations.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace weft {

Allocations::~Allocations() {
  for (auto& [id, allocation] : by_id_) {
    drop_imports(allocation);
    if (!allocation.freed) own_transport()->release(allocation.own);
  }
}

void Allocations::drop_imports(const Allocation& allocation) {
  for (const Import& import : allocation.imports) import.transport->release(import.memory);
}

Offer Allocations::offer(std::size_t bytes) {
  Offer offer;
  const transport::Status status =
      own_transport()->allocate(std::max<std::size_t>(bytes, 1), &offered_);
  if (!status.ok()) offer.verdict = Verdict::of(status.code, status.message);
  offer.key = offered_.key;
  offer.bytes = bytes;
  for (std::size_t i = 0; i < Offer::kFreed && !untold_.empty(); ++i) {
    offer.freed[i] = untold_.back();
    untold_.pop_back();
  }
  return offer;
}

std::uint64_t Allocations::adopt(const std::vector<Offer>& offers) {
  note_freed(offers);
  const std::uint64_t id = next_id_++;
  const bool have_mine = offers[static_cast<std::size_t>(world_.rank)].verdict.ok();
  const auto without =
      std::ranges::find_if(offers, [](const Offer& offer) { return !offer.verdict.ok(); });
  if (without != offers.end()) {
    if (have_mine) own_transport()->release(offered_);
    fail(without->verdict.code, "allocate: rank {} has no memory for {} bytes: {}",
         without - offers.begin(), without->bytes, without->verdict.text);
  }
  Allocation& allocation = by_id_[id];
  allocation.own = offered_;
  allocation.registered = Registered(world_, offered_.address, offered_.bytes, own_transport());
  for (const Offer& offer : offers) allocation.sizes.push_back(offer.bytes);
  return id;
}

void Allocations::import(std::uint64_t id, const std::vector<Offer>& offers) {
  if (!world_.all_load_store()) return;
  Allocation& allocation = by_id_.at(id);
  for (int rank = 0; rank < world_.ranks; ++rank) {
    if (rank == world_.rank) {
      allocation.bases.push_back(static_cast<std::byte*>(allocation.own.address));
      continue;
    }
    const executor::Link& link = world_.links[static_cast<std::size_t>(rank)];
    Import import{link.transport, {}};
    const auto status = import.transport->import_memory(
        link.peer, offers[static_cast<std::size_t>(rank)].key, &import.memory);
    if (!status.ok()) fail(status.code, "memory of rank {}: {}", rank, status.message);
    allocation.bases.push_back(static_cast<std::byte*>(import.memory.mapped));
    allocation.imports.push_back(import);
  }
}

void Allocations::drop(std::uint64_t id) {
  const auto found = by_id_.find(id);
  drop_imports(found->second);
  found->second.registered = {};
  own_transport()->release(found->second.own);
  by_id_.erase(found);
}

void Allocations::note_freed(const std::vector<Offer>& offers) {
  for (const Offer& offer : offers) {
    for (const std::uint64_t id : offer.freed) {
      const auto found = by_id_.find(id);
      if (found == by_id_.end() || ++found->second.freed_by < world_.ranks) continue;
      drop_imports(found->second);
      by_id_.erase(found);
    }
  }
}

void Allocations::free(std::uint64_t id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end() || found->second.freed) return;
  found->second.freed = true;
  found->second.registered = {};
  own_transport()->release(found->second.own);
  untold_.push_back(id);
}

Location Allocations::locate(const void* address, std::size_t bytes) const {
  const auto* begin = static_cast<const std::byte*>(address);
  for (const auto& [id, allocation] : by_id_) {
    const auto* base = static_cast<const std::byte*>(allocation.own.address);
    if (!allocation.freed && begin >= base && begin + bytes <= base + allocation.own.bytes) {
      return {id, static_cast<std::uint64_t>(begin - base)};
    }
  }
  return {};
}

std::byte* Allocations::address(int rank, const Location& location, std::size_t bytes) const {
  const auto found = by_id_.find(location.id);
  if (found == by_id_.end() || found->second.bases.empty()) return nullptr;
  const auto index = static_cast<std::size_t>(rank);
  const std::size_t size = found->second.sizes[index];
  if (location.offset > size || bytes > size - location.offset) return nullptr;
  return found->second.bases[index] + location.offset;
}

}  // namespace weft
