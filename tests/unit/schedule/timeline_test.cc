#include "schedule/timeline.h"

#include "schedules.h"

namespace weft::schedule {
namespace {

TEST(Timeline, RunsEveryStepInOrderAndNothingArrivesBeforeItLeaves) {
  const auto schedules = make_all_reduce("halving_doubling", 6);
  const Timeline timeline = make_timeline(schedules, 0);
  for (std::size_t rank = 0; rank < 6; ++rank) {
    ASSERT_EQ(timeline.spans[rank].size(), schedules[rank].lanes[0].steps.size());
    double now = 0;
    for (const Span& span : timeline.spans[rank]) {
      EXPECT_GE(span.begin, now);
      EXPECT_GT(span.end, span.begin);
      now = span.end;
    }
    EXPECT_LE(now, timeline.end);
  }
  for (const Flight& flight : timeline.flights) EXPECT_GT(flight.arrive, flight.depart);
}

TEST(Timeline, WaitsEndAfterTheirSignalArrives) {
  const auto schedules = make_all_reduce("ring", 5);
  const Timeline timeline = make_timeline(schedules, 0);
  int matched = 0;
  for (const Flight& flight : timeline.flights) {
    const auto& list = schedules[static_cast<std::size_t>(flight.to)].lanes[0].steps;
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (list[i].kind != StepKind::wait || list[i].signal != flight.slot) continue;
      EXPECT_GT(timeline.spans[static_cast<std::size_t>(flight.to)][i].end, flight.arrive);
      ++matched;
    }
  }
  EXPECT_EQ(matched, 5 * 8);
}

TEST(Timeline, StopsWhereARankBlocksForEver) {
  auto schedules = make_all_reduce("ring", 3);
  for (Schedule& schedule : schedules) {
    std::swap(schedule.lanes[0].steps[0], schedule.lanes[0].steps[1]);
  }
  for (const auto& spans : make_timeline(schedules, 0).spans) EXPECT_TRUE(spans.empty());
}

}  // namespace
}  // namespace weft::schedule
