#include "p2p/moe/moe_shape.h"

#include <gtest/gtest.h>

#include <map>

namespace weft::p2p {
namespace {

// Every place of a rank's memory that somebody writes to, with its size.
std::map<std::size_t, std::size_t> places(const MoeShape& shape) {
  const MoeLayout layout(shape);
  const std::size_t token_bytes = shape.token_bytes * static_cast<std::size_t>(shape.max_tokens);
  std::map<std::size_t, std::size_t> all;
  for (int source = 0; source < shape.ranks; ++source) {
    all[layout.combined(source)] = 8;
    for (const unsigned parity : {0u, 1u}) {
      all[layout.dispatched(parity, source)] = 8;
      if (source == shape.rank) continue;
      all[layout.list(parity, shape.rank, source)] = shape.list_bytes(shape.max_tokens);
      all[layout.tokens(parity, shape.rank, source)] = token_bytes;
    }
  }
  if (shape.ranks > 1) all[layout.outputs()] = shape.max_choices() * shape.output_bytes;
  return all;
}

TEST(MoeLayout, PlacesNothingOverAnother) {
  for (int ranks = 1; ranks <= 5; ++ranks) {
    for (int rank = 0; rank < ranks; ++rank) {
      const MoeShape shape{rank, ranks, 2 * ranks, 3, 7, 33, 10};
      const auto all = places(shape);
      EXPECT_EQ(all.size(), static_cast<std::size_t>(3 * ranks + 4 * (ranks - 1) + (ranks > 1)));
      std::size_t end = 0;
      for (const auto& [offset, bytes] : all) {
        EXPECT_GE(offset, end);
        EXPECT_EQ(offset % kCacheLine, 0u);
        end = offset + bytes;
      }
      EXPECT_LE(end, MoeLayout(shape).total());
    }
  }
}

TEST(MoeWord, HoldsACountBelowItsEpoch) {
  const std::uint64_t word = MoeWord::pack(12345678901, MoeWord::kMaxCount);
  EXPECT_EQ(MoeWord::count(word), MoeWord::kMaxCount);
  EXPECT_GT(MoeWord::pack(12345678902, 0), word);
  EXPECT_GE(word, MoeWord::pack(12345678901, 0));
}

}  // namespace
}  // namespace weft::p2p
