#include "executor/distances.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <memory>

namespace weft::executor {
namespace {

// A measurement takes four looks at the clock; the time of a line passes between the last two.
class FakeClock final : public Clock {
 public:
  std::int64_t now_ns() const override {
    now_ += kRead + (++looks_ % 4 == 0 ? line_ns : 0);
    return now_;
  }

  std::int64_t line_ns = 0;

 private:
  static constexpr std::int64_t kRead = 25;  // what a look at the clock takes itself
  mutable std::int64_t now_ = 0;
  mutable int looks_ = 0;
};

// Three ranks, of which 0 and 1 map each other.
class DistancesTest : public testing::Test {
 protected:
  static constexpr std::size_t kBytes = std::size_t{1} << 20;

  // Rank 1 waits for rank 0, which then writes to it while lines take so long.
  std::int64_t call(std::int64_t line_ns, std::size_t bytes = 2048) {
    reader_.waited(0, bytes);
    clock_.line_ns = line_ns;
    return writer_.line_ns(1, bytes);
  }
  std::int64_t known(int rank) { return writer_.line_ns(rank, 0); }

  struct Free {
    void operator()(std::byte* memory) const { std::free(memory); }
  };
  static std::unique_ptr<std::byte, Free> segment() {
    auto* memory = static_cast<std::byte*>(std::aligned_alloc(4096, kBytes));
    std::fill_n(memory, kBytes, std::byte{});
    return std::unique_ptr<std::byte, Free>(memory);
  }

  World world(std::size_t rank) const {
    World world;
    world.rank = static_cast<int>(rank);
    world.ranks = 3;
    world.layout = memory::make_segment_layout(3, kBytes);
    world.segment = segments_[rank].get();
    world.clock = &clock_;
    world.links.resize(3);
    for (std::size_t peer = 0; peer < 2; ++peer) world.links[peer].segment = segments_[peer].get();
    return world;
  }

  FakeClock clock_;
  std::array<std::unique_ptr<std::byte, Free>, 2> segments_ = {segment(), segment()};
  std::array<World, 2> worlds_ = {world(0), world(1)};
  Distances writer_{worlds_[0]};
  Distances reader_{worlds_[1]};
};

TEST_F(DistancesTest, AreKnownAfterTheFirstThreeCallsAndByRank) {
  EXPECT_EQ(call(42), 0);
  EXPECT_EQ(call(42), 0);
  EXPECT_EQ(call(42), 42);
  EXPECT_EQ(known(0), 0);
  EXPECT_EQ(known(2), 0);
}

TEST_F(DistancesTest, InterruptsAndLinesThatCameFromElsewhereDoNotCount) {
  for (int i = 0; i < 5; ++i) call(160);
  for (int i = 0; i < 2; ++i) call(9000);
  call(3);
  EXPECT_EQ(known(1), 160);
}

TEST_F(DistancesTest, ALineThatNobodyChangedIsNoMeasurement) {
  for (int i = 0; i < 8; ++i) call(160);
  clock_.line_ns = 0;
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(known(1), 160);
}

TEST_F(DistancesTest, ACoreThatMovedIsNoticed) {
  for (int i = 0; i < 48; ++i) call(42);
  int calls = 1;
  while (calls < 1000 && call(160) != 160) ++calls;
  EXPECT_LE(calls, 100);
  EXPECT_GE(calls, 30) << "few calls measure";
}

TEST_F(DistancesTest, LargeBlocksAreAllMeasured) {
  for (int i = 0; i < 48; ++i) call(42);
  for (int i = 0; i < 5; ++i) call(160, 1 << 20);
  EXPECT_EQ(known(1), 160);
}

TEST_F(DistancesTest, PeersThatAreNotMappedAreLeftAlone) {
  for (int i = 0; i < 100; ++i) reader_.waited(2, 2048);
  EXPECT_EQ(known(2), 0);
}

}  // namespace
}  // namespace weft::executor
