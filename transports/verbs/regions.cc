#include "regions.h"

#include <sys/mman.h>

namespace weft::verbs {

Regions::~Regions() {
  for (const Region& region : all_) {
    if (region.registration != nullptr) give_back(region);
  }
}

void Regions::give_back(const Region& region) {
  registrations_.release(region.registration);
  if (region.mapped) munmap(region.address, region.bytes);
}

std::uint32_t Regions::add(std::byte* address, std::size_t bytes, Registration* registration,
                           bool mapped) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(all_.size()));
    all_.emplace_back();
  }
  const std::uint32_t number = free_.back();
  free_.pop_back();
  Region& region = all_[number];
  region.address = address;
  region.bytes = bytes;
  region.registration = registration;
  region.mapped = mapped;
  return number;
}

void Regions::remove(std::uint32_t number) {
  Region& region = all_[number];
  give_back(region);
  const std::uint32_t generation = region.generation + 1;
  region = {};
  region.generation = generation;
  free_.push_back(number);
}

std::byte* Regions::locate(const Spot& spot, std::size_t bytes) const {
  if (spot.region >= all_.size()) return nullptr;
  const Region& region = all_[spot.region];
  const bool inside = region.registration != nullptr && !region.registration->device &&
                      region.generation == spot.generation && spot.offset <= region.bytes &&
                      bytes <= region.bytes - spot.offset;
  return inside ? region.address + spot.offset : nullptr;
}

}  // namespace weft::verbs
