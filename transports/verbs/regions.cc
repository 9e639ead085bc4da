#include "regions.h"

#include <sys/mman.h>

namespace weft::verbs {

namespace {

constexpr std::size_t kRestingNumbers = 64;

}  // namespace

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
  // Numbers rest as long as they can before they name something else.
  const bool fresh = all_.size() < kRestingNumbers || free_.empty();
  if (fresh) all_.emplace_back();
  const auto number = fresh ? static_cast<std::uint32_t>(all_.size() - 1) : free_.front();
  if (!fresh) free_.pop_front();
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
  const std::uint32_t generation = (region.generation + 1) % (1u << Spot::kGenerationBits);
  region = {};
  region.generation = generation;
  free_.push_back(number);
}

std::byte* Regions::locate(const Spot& spot, std::size_t bytes) const {
  if (spot.region() >= all_.size()) return nullptr;
  const Region& region = all_[spot.region()];
  const bool inside = region.registration != nullptr && !region.registration->device &&
                      region.generation == spot.generation() && spot.offset() <= region.bytes &&
                      bytes <= region.bytes - spot.offset();
  return inside ? region.address + spot.offset() : nullptr;
}

}  // namespace weft::verbs
