// Test data whose reduction is exact in every element type and in any order, and known at every
// rank without communication.
//
// Values are small integers: sums stay within 100 in magnitude, products are powers of two up
// to 64. They repeat after a prime number of elements, so that a block that lands at the wrong
// offset is seen and long buffers are checked at the speed of memcmp. A seed keeps the results of
// earlier calls from passing for those of later ones.
#pragma once

#include <weft/types.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace weft::perf {

class Pattern {
 public:
  static constexpr std::size_t kPeriod = 8191;

  Pattern(DataType type, ReduceOp op, int ranks, std::uint64_t seed);

  // Element `index` of a rank's input, and of the reduction over all ranks.
  double input(int rank, std::size_t index) const;
  double reduced(std::size_t index) const;

  // Writes a rank's first `count` input elements.
  void fill(int rank, void* data, std::size_t count) const;

  // How many of `count` elements differ from a rank's input, or from the reduction, of which `data`
  // starts at element `first`.
  std::size_t wrong_input(int rank, const void* data, std::size_t count) const;
  std::size_t wrong_reduced(const void* data, std::size_t first, std::size_t count) const;

 private:
  std::vector<std::byte> input_table(int rank) const;
  std::size_t count_wrong(const std::vector<std::byte>& table, const void* data, std::size_t first,
                          std::size_t count, double tolerance) const;

  DataType type_;
  ReduceOp op_;
  int ranks_;
  std::uint64_t seed_;
  std::size_t element_bytes_;
};

// Overwrites `bytes` with what no pattern contains.
void poison(void* data, std::size_t bytes);

}  // namespace weft::perf
