#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "harness.h"
#include "reduce/reduce.h"
#include "targets.h"

namespace weft::test {
namespace {

using reduce::Store;

class CopyTest : public testing::TestWithParam<std::int64_t> {
 private:
  TargetScope scope_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(EveryTarget, CopyTest, testing::ValuesIn(usable_targets()),
                         [](const auto& suite) {
                           return std::string(hwy::TargetName(suite.param));
                         });

constexpr std::size_t kSizes[] = {0,     1, 7, 63, 64, 65, 1023, 1024, 1025, 5000, (16 << 10) + 3,
                                  100000};

// `streamed` of the destinations are stored past the caches.
void check_copy(std::size_t bytes, std::size_t dsts, std::size_t shift, std::size_t streamed) {
  SCOPED_TRACE(std::to_string(bytes) + " bytes to " + std::to_string(dsts) + ", shift " +
               std::to_string(shift));
  const Bytes contents = awkward_values(DataType::u8, bytes, bytes + shift);
  Buffer source(bytes, shift);
  source.fill(contents);
  std::vector<Buffer> buffers;
  for (std::size_t d = 0; d < dsts; ++d) buffers.emplace_back(bytes, (shift * 3 + d * 5) % 64);
  std::vector<void*> pointers;
  for (Buffer& buffer : buffers) pointers.push_back(buffer.data());
  const std::span<void* const> all(pointers);
  if (streamed == 0 || streamed == dsts) {
    reduce::copy(pointers.data(), static_cast<int>(dsts), source.data(), bytes,
                 streamed == 0 ? Store::cached : Store::streaming);
  } else {
    reduce::copy(all.first(dsts - streamed), all.last(streamed), source.data(), bytes);
  }
  EXPECT_EQ(source.contents(), contents);
  EXPECT_TRUE(source.guards_intact());
  for (const Buffer& buffer : buffers) {
    EXPECT_EQ(buffer.contents(), contents);
    EXPECT_TRUE(buffer.guards_intact());
  }
}

TEST_P(CopyTest, FillsEveryDestinationAndNothingElse) {
  for (const std::size_t bytes : kSizes) {
    for (const std::size_t dsts : {1, 2, 8}) {
      for (const std::size_t shift : {0, 1, 32, 61}) {
        for (std::size_t streamed = 0; streamed <= dsts; ++streamed)
          check_copy(bytes, dsts, shift, streamed);
      }
    }
  }
}

TEST_P(CopyTest, SkipsADestinationThatIsTheSource) {
  for (const auto store : {Store::cached, Store::streaming}) {
    const Bytes contents = awkward_values(DataType::u8, 40000, 1);
    Bytes source = contents;
    Bytes other(source.size());
    void* const dsts[] = {source.data(), other.data()};
    reduce::copy(dsts, 2, source.data(), source.size(), store);
    EXPECT_EQ(source, contents);
    EXPECT_EQ(other, contents);
  }
}

// Pieces of awkward sizes, each beside its guards.
TEST_P(CopyTest, CopiesPiecesAndNothingElse) {
  for (const auto store : {Store::cached, Store::streaming}) {
    for (const std::size_t count : {0, 1, 2, 25}) {
      std::vector<Buffer> sources, targets;
      std::vector<reduce::Piece> pieces;
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t bytes = kSizes[i % std::size(kSizes)];
        sources.emplace_back(bytes, i * 7 % 64);
        targets.emplace_back(bytes, i * 29 % 64);
        sources.back().fill(awkward_values(DataType::u8, bytes, i));
      }
      for (std::size_t i = 0; i < count; ++i)
        pieces.push_back({targets[i].data(), sources[i].data(), kSizes[i % std::size(kSizes)]});
      reduce::copy(pieces, store);
      for (std::size_t i = 0; i < count; ++i) {
        EXPECT_EQ(targets[i].contents(), sources[i].contents()) << "piece " << i;
        EXPECT_TRUE(targets[i].guards_intact() && sources[i].guards_intact()) << "piece " << i;
      }
    }
  }
}

}  // namespace
}  // namespace weft::test
