// Memory of this rank that peers may name.
#pragma once

#include <cstddef>
#include <vector>

#include "wire.h"

namespace weft::ucx {

class Memories {
 public:
  ~Memories();
  // Memory under a number. `mapped`: by mmap, unmapped with its removal.
  std::uint32_t add(std::byte* address, std::size_t bytes, bool mapped);
  void remove(std::uint32_t number);
  Key key(std::uint32_t number) const;

  // The bytes that a peer named, or null where they are not (or no longer) of a memory here.
  std::byte* locate(const Spot& spot, std::size_t bytes) const;

 private:
  struct Memory {
    std::byte* address = nullptr;  // null: the number is free
    std::size_t bytes = 0;
    std::uint32_t generation = 0;
    bool mapped = false;
  };
  std::vector<Memory> all_;
  std::vector<std::uint32_t> free_;
};

}  // namespace weft::ucx
