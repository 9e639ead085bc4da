// Lists of pages, and where a pool's pages lie.
#pragma once

#include <weft/pages.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

namespace weft::testing {

using Numbers = std::vector<std::uint32_t>;

// The first `count` of a random order of 0 .. pages-1.
inline Numbers some_of(std::size_t pages, std::size_t count, std::mt19937& random) {
  Numbers numbers(pages);
  std::iota(numbers.begin(), numbers.end(), 0U);
  std::shuffle(numbers.begin(), numbers.end(), random);
  numbers.resize(count);
  return numbers;
}

inline std::uint32_t below(std::mt19937& random, std::size_t limit) {
  return static_cast<std::uint32_t>(random() % limit);
}

inline Numbers from_to(std::uint32_t first, std::uint32_t count) {
  Numbers numbers(count);
  std::iota(numbers.begin(), numbers.end(), first);
  return numbers;
}

// All bytes from the first page to the last one's end.
inline std::size_t extent(const PageLayout& layout) {
  return static_cast<std::size_t>(layout.layers - 1) * layout.layer_stride +
         (layout.pages - 1) * layout.stride + layout.page_bytes;
}

inline std::uint8_t* begin_of(const PagePool& pool) {
  return static_cast<std::uint8_t*>(pool.page(0, 0));
}

}  // namespace weft::testing
