#include "algorithms/registry.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>

namespace weft::algorithms {
namespace {

TEST(Registry, NamesAreUniqueWithinACollective) {
  std::set<std::pair<Collective, std::string_view>> seen;
  for (const Algorithm& algorithm : all()) {
    EXPECT_TRUE(seen.emplace(algorithm.collective, algorithm.name).second) << algorithm.name;
  }
}

TEST(Registry, EveryCollectiveHasAnAlgorithmForAnyRanksAndAnyTransport) {
  for (int i = 0; i < kCollectives; ++i) {
    const auto collective = static_cast<Collective>(i);
    int general = 0;
    for (const Algorithm& algorithm : all()) {
      if (algorithm.collective != collective || algorithm.direct) continue;
      if (supports(algorithm, 7) && supports(algorithm, 1023)) ++general;
    }
    EXPECT_GE(general, 2) << name_of(collective);
  }
}

TEST(Registry, FindsByCollectiveAndName) {
  for (const Algorithm& algorithm : all()) {
    EXPECT_EQ(find(algorithm.collective, algorithm.name), &algorithm);
  }
  EXPECT_EQ(find(Collective::barrier, "ring"), nullptr);
  EXPECT_EQ(find(Collective::all_reduce, ""), nullptr);
}

TEST(Registry, GroupsAlgorithmsByCollective) {
  std::set<Collective> left;
  const Algorithm* previous = nullptr;
  for (const Algorithm& algorithm : all()) {
    if (previous != nullptr && previous->collective != algorithm.collective) {
      left.insert(previous->collective);
    }
    EXPECT_FALSE(left.contains(algorithm.collective)) << algorithm.name;
    previous = &algorithm;
  }
}

TEST(Registry, SummariesAreOneLine) {
  for (const Algorithm& algorithm : all()) {
    EXPECT_FALSE(algorithm.summary.empty()) << algorithm.name;
    EXPECT_EQ(algorithm.summary.find('\n'), std::string_view::npos) << algorithm.name;
  }
}

TEST(Registry, SupportsKeepsToTheLimits) {
  Algorithm algorithm{.name = "test", .collective = Collective::barrier, .summary = ""};
  algorithm.max_ranks = 8;
  EXPECT_FALSE(supports(algorithm, 0));
  EXPECT_TRUE(supports(algorithm, 1));
  EXPECT_TRUE(supports(algorithm, 8));
  EXPECT_FALSE(supports(algorithm, 9));
  algorithm.power_of_two = true;
  EXPECT_TRUE(supports(algorithm, 4));
  EXPECT_FALSE(supports(algorithm, 6));
}

TEST(Registry, SchedulesCarryTheNameAndWhatThePlanSaid) {
  for (const Algorithm& algorithm : all()) {
    const schedule::Schedule schedule = algorithm.make({algorithm.collective, 3, 8, 0, 2, true});
    EXPECT_EQ(schedule.algorithm, algorithm.name);
    EXPECT_EQ(schedule.collective, algorithm.collective);
    EXPECT_EQ(schedule.direct, algorithm.direct);
    EXPECT_EQ(schedule.rank, 3);
    EXPECT_EQ(schedule.ranks, 8);
    EXPECT_EQ(schedule.lanes.size(), 2U);
  }
}

}  // namespace
}  // namespace weft::algorithms
