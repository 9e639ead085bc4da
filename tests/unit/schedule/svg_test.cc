#include "schedule/svg.h"

#include "schedules.h"

namespace weft::schedule {
namespace {

int occurrences(const std::string& text, std::string_view part) {
  int count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++count;
  return count;
}

TEST(Svg, DrawsEveryRankBoxAndArrow) {
  const auto schedules = make_all_reduce("ring", 4);
  const std::string svg = to_svg(schedules);
  EXPECT_EQ(svg.rfind("<svg ", 0), 0U);
  EXPECT_EQ(svg.substr(svg.size() - 7), "</svg>\n");
  EXPECT_EQ(occurrences(svg, "class=\"rank\""), 4);
  EXPECT_EQ(occurrences(svg, "class=\"box"), 4 * (3 + 3));  // three puts and three reductions each
  EXPECT_EQ(occurrences(svg, "class=\"fly\""), 4 * 6);
  EXPECT_EQ(occurrences(svg, "<circle"), 4 * 6);
  EXPECT_EQ(occurrences(svg, "<g>"), occurrences(svg, "</g>"));
}

TEST(Svg, DrawsBareSignalsAndReadsInPlace) {
  const std::string svg = to_svg(make_all_reduce("two_shot_direct", 3));
  EXPECT_EQ(occurrences(svg, "class=\"fly bare\""), 2 * 3 * 2);
  EXPECT_EQ(occurrences(svg, "class=\"fly read\""), 3 * 2);
}

TEST(Svg, DrawsAScheduleThatBlocksForEverAsFarAsItGets) {
  auto schedules = make_all_reduce("ring", 3);
  for (Schedule& schedule : schedules) {
    std::swap(schedule.lanes[0].steps[0], schedule.lanes[0].steps[1]);
  }
  EXPECT_EQ(occurrences(to_svg(schedules), "class=\"box"), 0);
}

}  // namespace
}  // namespace weft::schedule
