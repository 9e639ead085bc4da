// Numbers by which processes and what they open are told apart.
#pragma once

#include <cstdint>
#include <random>

namespace weft {

inline std::uint64_t random_word() {
  std::random_device random;
  return std::uint64_t{random()} << 32 | random();
}

}  // namespace weft
