// Runs one reduction on buffers full of awkward values and compares every byte with the oracle.
#pragma once

#include <gtest/gtest.h>
#include <weft/types.h>

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <vector>

#include "oracle.h"
#include "reduce/reduce.h"

namespace weft::test {

// Where the operands lie relative to 64 bytes: all on the boundary, all equally shifted by whole
// elements, each shifted by its own whole elements, each by its own bytes.
enum class Placement { aligned, shifted_together, shifted, odd_bytes };
inline constexpr int kPlacements = 4;

struct Case {
  DataType type = DataType::f32;
  ReduceOp op = ReduceOp::sum;
  int srcs = 2;
  int dsts = 1;
  std::size_t count = 1;
  int divisor = 1;
  reduce::Store store = reduce::Store::cached;
  Placement placement = Placement::aligned;
  // This many of the destinations are sources.
  int in_place = 0;
  std::uint64_t seed = 0;
};
std::ostream& operator<<(std::ostream& stream, const Case& c);

// `count` elements of `type`: a mixture of moderate values, of the type's extremes and of random
// bits.
Bytes awkward_values(DataType type, std::size_t count, std::uint64_t seed);

// A range of bytes at a chosen distance from a 64-byte boundary, with guards on both sides.
class Buffer {
 public:
  Buffer(std::size_t bytes, std::size_t shift);
  std::byte* data() { return memory_.data() + begin_; }
  void fill(const Bytes& contents);
  Bytes contents() const;
  bool guards_intact() const;

 private:
  std::size_t begin_;
  std::size_t bytes_;
  Bytes memory_;
};

// Whether the kernel gives each destination what the oracle says and touches nothing else, sources
// included.
testing::AssertionResult gives_the_expected(const Case& c);

}  // namespace weft::test
