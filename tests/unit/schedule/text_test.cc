#include "schedule/text.h"

#include "schedules.h"

#include <algorithm>

namespace weft::schedule {
namespace {

TEST(Text, ShowsStepsAsTheirRankSeesThem) {
  const auto schedules = make_all_reduce("ring", 4);
  const auto& list = schedules[1].lanes[0].steps;
  EXPECT_EQ(to_text(list[0], 1), "put     block 0       in[0] -> rank 2 slot 0");
  EXPECT_EQ(to_text(list[1], 1), "wait    block 3       slot 0 from rank 0");
  EXPECT_EQ(to_text(list[2], 1), "reduce  block 3       slot 0 + in[3] -> rank 2 slot 1");
  EXPECT_EQ(to_text(list[6], 1),
            "reduce* block 1       slot 2 + in[1] -> out[1], rank 2 out[1] (slot 3)");
  EXPECT_EQ(to_text(list[7], 1), "wait    block 0       slot 3 from rank 0 -> out[0]");
}

TEST(Text, ShowsSignalsAndRangesOfBlocks) {
  Step signal;
  signal.kind = StepKind::signal;
  signal.peer = 3;
  signal.signal = 5;
  EXPECT_EQ(to_text(signal, 0), "signal                rank 3 slot 5");
  EXPECT_EQ(to_text(Operand{Buffer::output, 2, 4}, 3, 0), "rank 2 out[4..6]");
  Operand in_slot{Buffer::slot, 0, 4};
  EXPECT_EQ(to_text(in_slot, 3, 0), "slot 4");
  in_slot.offset = 2;
  EXPECT_EQ(to_text(in_slot, 3, 0), "slot 4[2..4]");
}

TEST(Text, ShowsAHeadingAndEveryStep) {
  const auto schedules = make_all(Collective::broadcast, "binomial_tree", 6, 2);
  const std::string text = to_text(schedules[3]);
  EXPECT_TRUE(mentions(text, "broadcast binomial_tree, rank 3 of 6, root 2: 1 block"));
  EXPECT_EQ(std::ranges::count(text, '\n'), 2 + std::ssize(schedules[3].lanes[0].steps));
}

TEST(Text, ShowsEqualLanesOnce) {
  const std::string text = to_text(make_all(Collective::all_reduce, "ring", 4, 0, 3)[0]);
  EXPECT_TRUE(mentions(text, "lanes 0..2:"));
  const std::string trees =
      to_text(make_all(Collective::all_reduce, "double_binary_tree", 4, 0, 2)[0]);
  EXPECT_TRUE(mentions(trees, "lane 0:"));
  EXPECT_TRUE(mentions(trees, "lane 1:"));
}

}  // namespace
}  // namespace weft::schedule
