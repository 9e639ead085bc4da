// Memory of this rank, registered where puts go over the wire, so that devices read it in place.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "executor/world.h"

namespace weft {

// Registers `bytes` bytes with every transport of the world that needs it, but not with `but_for`,
// until it goes. Memory that a transport refuses is left to it, as memory of one-off calls is.
// Nothing by default.
class Registered {
 public:
  Registered() = default;
  // `world` and the memory outlive it.
  Registered(const executor::World& world, const void* address, std::size_t bytes,
             const transport::Transport* but_for = nullptr);
  Registered(Registered&& other) noexcept { std::swap(all_, other.all_); }
  Registered& operator=(Registered&& other) noexcept {
    std::swap(all_, other.all_);
    return *this;
  }
  ~Registered();

 private:
  std::vector<std::pair<transport::Transport*, transport::LocalMemory>> all_;
};

}  // namespace weft
