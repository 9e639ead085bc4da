// A fuzz target: what runs on an input, and inputs that get past its first checks as a rule. With
// libFuzzer those are where it begins; tests/fuzz/driver.cc runs a target on them without.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

namespace weft::fuzz {

using Input = std::vector<unsigned char>;

class Random {
 public:
  explicit Random(std::uint32_t seed) : random_(seed) {}

  std::size_t below(std::size_t bound) { return random_() % bound; }
  std::uint32_t word() { return static_cast<std::uint32_t>(random_()); }
  unsigned char byte() { return static_cast<unsigned char>(random_()); }
  // Appends so many.
  void bytes(Input& input, std::size_t count) {
    for (; count > 0; --count) input.push_back(byte());
  }
  // In a quarter of all cases appends a number of bytes below `bound`, and returns true.
  bool only_bytes(Input& input, std::size_t bound) {
    if (below(4) != 0) return false;
    bytes(input, below(bound));
    return true;
  }
  // Changes a few bytes, and now and then cuts the rest off. Not for an empty input.
  void damage(Input& input) {
    for (std::size_t left = below(3); left > 0; --left) input[below(input.size())] = byte();
    if (below(3) == 0) input.resize(1 + below(input.size()));
  }

 private:
  std::mt19937 random_;
};

// The target's own.
Input next_input(Random& random);

// For what must hold whatever the input.
inline void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "fuzz: %s\n", what);
  std::abort();
}

}  // namespace weft::fuzz

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size);
