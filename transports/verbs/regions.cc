#include "regions.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>

namespace weft::verbs {

using transport::Status;

namespace {

void give_back(const Region& region) {
  if (region.mapped) munmap(region.address, region.bytes);
}

}  // namespace

Regions::~Regions() {
  for (Region& region : all_) {
    region.handle.reset();
    give_back(region);
  }
}

std::uint32_t Regions::add(std::byte* address, std::size_t bytes, RegionHandle handle,
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
  region.handle = std::move(handle);
  region.mapped = mapped;
  by_address_[reinterpret_cast<std::uintptr_t>(address)] = number;
  return number;
}

void Regions::remove(std::uint32_t number) {
  Region& region = all_[number];
  const auto found = by_address_.find(reinterpret_cast<std::uintptr_t>(region.address));
  if (found != by_address_.end() && found->second == number) by_address_.erase(found);
  region.handle.reset();
  give_back(region);
  const std::uint32_t generation = region.generation + 1;
  region = {};
  region.generation = generation;
  free_.push_back(number);
}

std::byte* Regions::locate(const Spot& spot, std::size_t bytes) const {
  if (spot.region >= all_.size()) return nullptr;
  const Region& region = all_[spot.region];
  const bool inside = region.handle != nullptr && region.generation == spot.generation &&
                      spot.offset <= region.bytes && bytes <= region.bytes - spot.offset;
  return inside ? region.address + spot.offset : nullptr;
}

const Region* Regions::find(const void* address, std::size_t bytes) const {
  const auto begin = reinterpret_cast<std::uintptr_t>(address);
  auto at = by_address_.upper_bound(begin);
  if (at == by_address_.begin()) return nullptr;
  const Region& region = all_[(--at)->second];
  return begin + bytes <= at->first + region.bytes ? &region : nullptr;
}

Status register_region(const Device& device, void* address, std::size_t bytes, RegionHandle* out) {
  constexpr int kAccess = IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ;
  out->reset(ibv_reg_mr(device.domain.get(), address, bytes, kAccess));
  if (*out != nullptr) return {};
  const int error = errno;
  rlimit limit{};
  getrlimit(RLIMIT_MEMLOCK, &limit);
  const bool locked = error == ENOMEM && limit.rlim_cur != RLIM_INFINITY;
  return Status::error(
      ErrorCode::no_resources,
      fmt::format("{}: {} KiB cannot be registered: {}{}", device.name, bytes / 1024,
                  std::strerror(error),
                  locked ? fmt::format("; locked memory is limited to {} KiB: raise it (ulimit -l "
                                       "unlimited, or LimitMEMLOCK=infinity)",
                                       limit.rlim_cur / 1024)
                         : std::string())
          .c_str());
}

}  // namespace weft::verbs
