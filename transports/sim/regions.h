// The memories that a fabric's ports have made reachable, by handle. Guarded by the fabric's lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace weft::sim {

struct Region {
  std::byte* address = nullptr;
  std::size_t bytes = 0;
  std::uint32_t port = 0;
  bool owned = false;  // mapped by the table, which unmaps it
};

class RegionTable {
 public:
  RegionTable() = default;
  RegionTable(const RegionTable&) = delete;
  RegionTable& operator=(const RegionTable&) = delete;
  ~RegionTable();

  // A handle is never zero and never used twice. Zeroed pages; 0 where there is no memory.
  std::uint64_t allocate(std::uint32_t port, std::size_t bytes);
  std::uint64_t add(std::uint32_t port, void* address, std::size_t bytes);
  // A region with a null address where the handle is not valid (any more).
  Region find(std::uint64_t handle) const;
  // Nothing reaches it any more. It stays mapped until the last that holds it has let go.
  void remove(std::uint64_t handle);
  // For those who have it mapped. let_go() once for each hold(), of a handle that was valid then.
  void hold(std::uint64_t handle);
  void let_go(std::uint64_t handle);
  // Removes all that a port has that closes.
  void retire(std::uint32_t port);

 private:
  struct Slot {
    Region region;
    std::uint32_t generation = 1;
    std::uint32_t holders = 0;
    bool reachable = false;
    bool removed = false;
  };
  std::uint64_t insert(const Region& region);
  const Slot* slot_of(std::uint64_t handle) const;
  void vacate(Slot& slot);
  void vacate_if_unused(std::uint64_t handle);

  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
};

}  // namespace weft::sim
