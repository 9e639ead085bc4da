#include "registrations.h"

#include <algorithm>

#include "rail.h"

namespace weft::verbs {

using transport::Status;

template <typename Register>
Status Registrations::add(void* address, std::size_t bytes, const Register& register_with,
                          Registration** out) {
  auto made = std::make_unique<Registration>();
  made->begin = reinterpret_cast<std::uintptr_t>(address);
  made->bytes = bytes;
  made->references = 1;
  for (std::size_t i = 0; i < rails_.size(); ++i) {
    const Status status = register_with(rails_[i]->device(), &made->handles[i]);
    if (!status.ok()) return status;
  }
  longest_ = std::max(longest_, bytes);
  *out = made.get();
  all_.emplace(made->begin, std::move(made));
  return {};
}

Status Registrations::add_region(void* address, std::size_t bytes, Placement placement,
                                 Access access, Registration** out) {
  const Status status = add(
      address, bytes,
      [&](const Device& device, RegionHandle* handle) {
        return register_region(device, address, bytes, placement, access, handle);
      },
      out);
  if (status.ok()) (*out)->access = access;
  return status;
}

Status Registrations::acquire(void* address, std::size_t bytes, Registration** out) {
  Registration* found = find(address, bytes, Access::all);
  if (found == nullptr) return add_region(address, bytes, placement_, Access::all, out);
  ++found->references;
  *out = found;
  return {};
}

Status Registrations::acquire_source(const void* address, std::size_t bytes, Registration** out) {
  void* begin = const_cast<void*>(address);
  if (Registration* found = find(address, bytes, Access::read)) {
    ++found->references;
    *out = found;
    return {};
  }
  if (add_region(begin, bytes, placement_, Access::all, out).ok()) return {};
  return add_region(begin, bytes, placement_, Access::read, out);
}

Status Registrations::acquire_strict(void* address, std::size_t bytes, Registration** out) {
  return add_region(address, bytes, Placement::strict, Access::all, out);
}

Status Registrations::acquire_dmabuf(const DmaBuf& buffer, void* address, std::size_t bytes,
                                     Registration** out) {
  const Status status = add(
      address, bytes,
      [&](const Device& device, RegionHandle* handle) {
        return register_dmabuf(device, buffer, address, bytes, handle);
      },
      out);
  if (!status.ok()) return status;
  (*out)->device = true;
  ++device_count_;
  return {};
}

void Registrations::release(Registration* registration) {
  if (--registration->references > 0) return;
  last_ = nullptr;
  device_count_ -= registration->device ? 1 : 0;
  const auto [first, end] = all_.equal_range(registration->begin);
  all_.erase(std::find_if(first, end,
                          [&](const auto& entry) { return entry.second.get() == registration; }));
  if (all_.empty()) longest_ = 0;
}

Registration* Registrations::find(const void* address, std::size_t bytes, Access access) {
  const auto begin = reinterpret_cast<std::uintptr_t>(address);
  if (last_ != nullptr && last_->covers(begin, bytes, access)) return last_;
  // Those that begin further away than the longest is long cannot reach here.
  for (auto at = all_.upper_bound(begin); at != all_.begin();) {
    --at;
    if (at->second->covers(begin, bytes, access)) return last_ = at->second.get();
    if (begin - at->first >= longest_) break;
  }
  return nullptr;
}

}  // namespace weft::verbs
