#include "schedule/layout.h"

#include "schedules.h"

namespace weft::schedule {
namespace {

TEST(Layout, GivesBlocksByCollectiveAndRank) {
  Schedule schedule;
  schedule.ranks = 4;
  schedule.blocks = 4;
  schedule.root = 2;
  const auto blocks = [&](Collective collective, int rank) {
    schedule.collective = collective;
    return std::pair{input_blocks(schedule, rank), output_blocks(schedule, rank)};
  };
  EXPECT_EQ(blocks(Collective::all_reduce, 1), std::pair(4, 4));
  EXPECT_EQ(blocks(Collective::reduce_scatter, 1), std::pair(4, 1));
  EXPECT_EQ(blocks(Collective::all_gather, 1), std::pair(1, 4));
  EXPECT_EQ(blocks(Collective::broadcast, 1), std::pair(0, 4));
  EXPECT_EQ(blocks(Collective::broadcast, 2), std::pair(4, 4));
  EXPECT_EQ(blocks(Collective::reduce, 1), std::pair(4, 0));
  EXPECT_EQ(blocks(Collective::reduce, 2), std::pair(4, 4));
}

TEST(Layout, KnowsWhichPlacesAreTheSameInPlace) {
  Schedule schedule;
  schedule.ranks = schedule.blocks = 4;
  schedule.collective = Collective::reduce_scatter;
  EXPECT_TRUE(same_in_place(schedule, {Buffer::output, 2, 0}, {Buffer::input, 2, 2}));
  EXPECT_FALSE(same_in_place(schedule, {Buffer::output, 2, 0}, {Buffer::input, 2, 0}));
  schedule.collective = Collective::all_gather;
  EXPECT_TRUE(same_in_place(schedule, {Buffer::input, 3, 0}, {Buffer::output, 3, 3}));
  schedule.collective = Collective::all_reduce;
  EXPECT_TRUE(same_in_place(schedule, {Buffer::input, 1, 3}, {Buffer::output, 1, 3}));
  EXPECT_FALSE(same_in_place(schedule, {Buffer::input, 1, 3}, {Buffer::output, 2, 3}));
}

}  // namespace
}  // namespace weft::schedule
