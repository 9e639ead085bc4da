// Memory of this rank that peers may name, and memory of peers that this rank has imported.
#pragma once

#include <map>
#include <vector>

#include "device.h"
#include "wire.h"

namespace weft::verbs {

// A registration of this rank.
struct Region {
  std::byte* address = nullptr;
  std::size_t bytes = 0;
  RegionHandle handle;
  std::uint32_t generation = 0;
  bool mapped = false;  // by allocate(): unmapped with its release
};

class Regions {
 public:
  ~Regions();
  // Returns the number of the new region.
  std::uint32_t add(std::byte* address, std::size_t bytes, RegionHandle handle, bool mapped);
  void remove(std::uint32_t number);
  const Region& operator[](std::uint32_t number) const { return all_[number]; }

  // The bytes that a peer named, or null where they are not (or no longer) a region's.
  std::byte* locate(const Spot& spot, std::size_t bytes) const;
  // The region that holds these bytes, or null.
  const Region* find(const void* address, std::size_t bytes) const;

 private:
  std::vector<Region> all_;
  std::vector<std::uint32_t> free_;
  std::map<std::uintptr_t, std::uint32_t> by_address_;
};

// Memory of a peer.
struct Import {
  Key key;
  bool used = false;
};

// Registers memory for peers; not ok with a text that says what to do.
transport::Status register_region(const Device& device, void* address, std::size_t bytes,
                                  RegionHandle* out);

}  // namespace weft::verbs
