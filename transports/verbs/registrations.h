// Registered memory, shared by all who need the same bytes: an interval map with a reference count.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <span>

#include "memory.h"
#include "wire.h"

namespace weft::verbs {

class Rail;

// Bytes that every rail's device may touch.
struct Registration {
  std::uintptr_t begin = 0;
  std::size_t bytes = 0;
  int references = 0;
  Access access = Access::all;
  bool device = false;  // a dma-buf: the processor may not touch it
  std::array<RegionHandle, kMaxRails> handles;

  bool covers(std::uintptr_t address, std::size_t length, Access wanted) const {
    return address >= begin && address + length <= begin + bytes && access >= wanted;
  }
};

// A registration lives while somebody holds it: none is kept for later, since memory that nobody
// holds may be freed and mapped anew behind it.
class Registrations {
 public:
  // The rails outlive this and all registrations. `placement` of memory that is not polled.
  Registrations(std::span<const std::unique_ptr<Rail>> rails, Placement placement)
      : rails_(rails), placement_(placement) {}

  // Holds a registration that covers these bytes: one there is, or a new one.
  transport::Status acquire(void* address, std::size_t bytes, Registration** out);
  // The same for what is only read: also where this process may not write it.
  transport::Status acquire_source(const void* address, std::size_t bytes, Registration** out);
  transport::Status acquire_strict(void* address, std::size_t bytes, Registration** out);
  transport::Status acquire_dmabuf(const DmaBuf& buffer, void* address, std::size_t bytes,
                                   Registration** out);
  void release(Registration* registration);

  // One that covers these bytes and allows that, or null; not held. Its pointer is good until a
  // release.
  Registration* find(const void* address, std::size_t bytes, Access access);
  bool has_device_memory() const { return device_count_ > 0; }

 private:
  using Map = std::multimap<std::uintptr_t, std::unique_ptr<Registration>>;
  transport::Status add_region(void* address, std::size_t bytes, Placement placement, Access access,
                               Registration** out);
  template <typename Register>
  transport::Status add(void* address, std::size_t bytes, const Register& register_with,
                        Registration** out);

  const std::span<const std::unique_ptr<Rail>> rails_;
  const Placement placement_;
  Map all_;  // by where they begin
  std::size_t longest_ = 0;
  int device_count_ = 0;
  Registration* last_ = nullptr;  // found
};

}  // namespace weft::verbs
