#include "perf/pairs/check.h"

#include <gtest/gtest.h>

#include <vector>

namespace weft::perf {
namespace {

std::vector<std::byte> filled(std::size_t bytes, std::uint64_t seed, int rank) {
  std::vector<std::byte> memory(bytes);
  fill_pattern(memory, seed, rank);
  return memory;
}

TEST(PairPattern, IsRecognized) {
  for (const std::size_t bytes : {0, 1, 7, 8, 63, 1000}) {
    EXPECT_EQ(count_wrong(filled(bytes, 3, 1), 3, 1), 0u);
  }
}

TEST(PairPattern, CountsEachWrongByte) {
  auto memory = filled(1000, 3, 1);
  for (const std::size_t at : {0, 13, 999}) memory[at] ^= std::byte{0x10};
  EXPECT_EQ(count_wrong(memory, 3, 1), 3u);
}

TEST(PairPattern, AnEarlierMessageOrOnesOwnIsNotTakenForTheWanted) {
  EXPECT_GT(count_wrong(filled(8, 3, 1), 4, 1), 4u);
  EXPECT_GT(count_wrong(filled(8, 3, 1), 3, 0), 4u);
}

TEST(PairPattern, ADisplacedMessageIsWrong) {
  const auto memory = filled(4096, 1, 0);
  EXPECT_GT(count_wrong(std::span(memory).subspan(64), 1, 0), 3900u);
}

}  // namespace
}  // namespace weft::perf
