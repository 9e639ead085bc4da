// Tables of uneven parts for tests.
#pragma once

#include <cstddef>
#include <random>
#include <vector>

namespace weft::testing {

// Where `blocks` parts begin and end, in bytes: a third of them empty, one much longer than the
// others.
inline std::vector<std::size_t> uneven_bounds(int blocks, std::size_t element_bytes,
                                              std::mt19937& random, std::size_t most = 20) {
  std::vector<std::size_t> bounds = {0};
  const auto longest = static_cast<int>(random() % static_cast<unsigned>(blocks));
  for (int block = 0; block < blocks; ++block) {
    std::size_t elements = random() % 3 == 0 ? 0 : random() % most;
    if (block == longest) elements = 2 * most + random() % most;
    bounds.push_back(bounds.back() + elements * element_bytes);
  }
  return bounds;
}

}  // namespace weft::testing
