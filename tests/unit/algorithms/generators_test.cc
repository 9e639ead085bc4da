// Every generator is proven, for many rank counts, by the verifier. weft-schedule check goes
// further.
#include "algorithms/generators.h"

#include "algorithms/registry.h"
#include "schedule/text.h"
#include "schedule/verify.h"
#include "support/tables.h"

#include <gtest/gtest.h>
#include <weft/collective_traits.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace weft::algorithms {
namespace {

using algorithms::PlanInput;
using schedule::Schedule;

std::vector<Schedule> make_all(const Algorithm& algorithm, int ranks, int root, int lanes,
                               bool load_store, bool wide_sums = false) {
  std::vector<Schedule> schedules;
  for (int rank = 0; rank < ranks; ++rank) {
    schedules.push_back(
        algorithm.make({algorithm.collective, rank, ranks, root, lanes, load_store, wide_sums}));
  }
  return schedules;
}

std::vector<Schedule> make_trailing(const Algorithm& algorithm, int ranks, int root) {
  std::vector<Schedule> schedules;
  for (int rank = 0; rank < ranks; ++rank) {
    schedules.push_back(algorithm.make({.collective = algorithm.collective,
                                        .rank = rank,
                                        .ranks = ranks,
                                        .root = root,
                                        .trails = true}));
  }
  return schedules;
}

bool reduces(const Algorithm& algorithm) {
  return algorithm.collective == Collective::all_reduce ||
         algorithm.collective == Collective::reduce ||
         algorithm.collective == Collective::reduce_scatter;
}

// With partial sums that are elements and with wider ones.
void expect_proven(const Algorithm& algorithm, int ranks, int root, int lanes, bool load_store,
                   int passes) {
  for (const bool wide_sums : {false, true}) {
    if (wide_sums && !reduces(algorithm)) continue;
    const auto schedules = make_all(algorithm, ranks, root, lanes, load_store, wide_sums);
    const auto problems =
        verify(schedules, {.load_store = load_store, .wide_sums = wide_sums, .passes = passes});
    for (const schedule::Problem& problem : problems) {
      ADD_FAILURE() << ranks << " ranks, root " << root << ", " << lanes << " lanes, load_store "
                    << load_store << ", wide sums " << wide_sums << ": "
                    << to_text(problem, schedules);
    }
  }
}

class EveryGenerator : public ::testing::TestWithParam<const Algorithm*> {
 protected:
  const Algorithm& algorithm() const { return *GetParam(); }
  bool rooted() const { return traits_of(algorithm().collective).rooted(); }
  bool depth_is_logarithmic() const {
    const auto names = {
        "recursive_doubling", "halving_doubling", "binomial_tree", "double_binary_tree", "bruck",
        "dissemination"};
    return std::ranges::find(names, algorithm().name) != names.end();
  }
};

TEST_P(EveryGenerator, IsProvenForEveryRootUpTo20Ranks) {
  for (int ranks = 1; ranks <= 20; ++ranks) {
    if (!supports(algorithm(), ranks)) continue;
    for (int root = 0; root < (rooted() ? ranks : 1); ++root) {
      for (const bool load_store : {false, true}) {
        expect_proven(algorithm(), ranks, root, 1, load_store, 1);
      }
    }
  }
}

TEST_P(EveryGenerator, IsProvenForLargerOddAndEvenRankCounts) {
  for (const int ranks : {31, 32, 33, 47, 63, 64, 65}) {
    if (!supports(algorithm(), ranks)) continue;
    for (const bool load_store : {false, true}) {
      expect_proven(algorithm(), ranks, rooted() ? ranks / 2 : 0, 1, load_store, 1);
    }
  }
}

// All of them up to about 100 ranks, those of few steps up to 1000.
TEST_P(EveryGenerator, IsProvenForManyRanks) {
  std::vector<int> rank_counts = {96, 101};
  if (depth_is_logarithmic()) rank_counts = {255, 1000};
  for (const int ranks : rank_counts) {
    if (supports(algorithm(), ranks)) expect_proven(algorithm(), ranks, 0, 1, true, 1);
  }
}

TEST_P(EveryGenerator, IsProvenWhenSlotsAreReusedOverSeveralPasses) {
  for (int ranks = 1; ranks <= 9; ++ranks) {
    if (!supports(algorithm(), ranks)) continue;
    for (const bool load_store : {false, true}) {
      expect_proven(algorithm(), ranks, rooted() ? ranks - 1 : 0, 1, load_store, 5);
    }
  }
}

TEST_P(EveryGenerator, IsProvenForSeveralLanes) {
  for (const int ranks : {1, 2, 5, 8}) {
    if (!supports(algorithm(), ranks)) continue;
    for (int lanes = 2; lanes <= 5; ++lanes) {
      expect_proven(algorithm(), ranks, 0, lanes, true, 2);
      EXPECT_EQ(make_all(algorithm(), ranks, 0, lanes, true)[0].lanes.size(),
                static_cast<std::size_t>(lanes));
    }
  }
}

// Element by element, through all passes and lanes.
void expect_proven_uneven(const Algorithm& algorithm, int ranks, int root, int lanes,
                          bool load_store, std::mt19937& random) {
  constexpr std::size_t kElement = 8;
  const auto schedules = make_all(algorithm, ranks, root, lanes, load_store);
  const auto bounds = weft::testing::uneven_bounds(schedules[0].blocks, kElement, random);
  const schedule::Partition partition = schedule::make_partition(
      bounds, kElement, {.lanes = lanes, .max_chunk_bytes = 64 * (1 + random() % 4)});
  for (const schedule::Problem& problem :
       verify(schedules,
              {.load_store = load_store, .partition = &partition, .element_bytes = kElement})) {
    ADD_FAILURE() << ranks << " ranks, root " << root << ", " << lanes << " lanes, load_store "
                  << load_store << ", parts " << ::testing::PrintToString(bounds) << ": "
                  << to_text(problem, schedules);
  }
}

TEST_P(EveryGenerator, IsProvenForUnevenAndEmptyParts) {
  if (!traits_of(algorithm().collective).moves_data()) GTEST_SKIP() << "it moves nothing";
  std::mt19937 random(7);
  for (int ranks = 1; ranks <= 12; ++ranks) {
    if (!supports(algorithm(), ranks)) continue;
    for (int round = 0; round < 4; ++round) {
      const int root = rooted() ? round * ranks / 4 : 0;
      expect_proven_uneven(algorithm(), ranks, root, 1 + round % 2, round < 2, random);
    }
  }
}

TEST_P(EveryGenerator, IsAPureFunction) {
  const PlanInput plan{algorithm().collective, 2, 4, 1, 2, true};
  const Schedule once = algorithm().make(plan);
  const Schedule again = algorithm().make(plan);
  ASSERT_EQ(once.lanes.size(), again.lanes.size());
  EXPECT_EQ(once.slot_blocks, again.slot_blocks);
  for (std::size_t lane = 0; lane < once.lanes.size(); ++lane) {
    EXPECT_EQ(once.lanes[lane].steps, again.lanes[lane].steps);
  }
}

std::vector<const Algorithm*> pointers() {
  std::vector<const Algorithm*> list;
  for (const Algorithm& algorithm : all()) list.push_back(&algorithm);
  return list;
}

class EveryTrail : public EveryGenerator {};

// A row of passes that is long enough for every spot to be used three times.
TEST_P(EveryTrail, IsProven) {
  constexpr int kPasses = 3 * schedule::kTrailSpots + 1;
  for (int ranks = 2; ranks <= 10; ++ranks) {
    for (int root = 0; root < ranks; ++root) {
      const auto schedules = make_trailing(algorithm(), ranks, root);
      for (const schedule::Problem& problem : verify(schedules, {.passes = kPasses}))
        ADD_FAILURE() << ranks << " ranks, root " << root << ": " << to_text(problem, schedules);
    }
  }
}

TEST_P(EveryTrail, IsRefutedWithoutItsTrailingSteps) {
  for (const int ranks : {2, 5}) {
    auto schedules = make_trailing(algorithm(), ranks, 1);
    for (Schedule& schedule : schedules)
      std::erase_if(schedule.lanes[0].steps, [](const auto& step) { return step.trailing; });
    const auto problems =
        verify(schedules, {.passes = 3 * schedule::kTrailSpots, .max_problems = 1000});
    const auto mentions = [&](const char* words) {
      return std::ranges::any_of(problems, [&](const schedule::Problem& problem) {
        return problem.what.find(words) != std::string::npos;
      });
    };
    EXPECT_TRUE(mentions("no synchronization"));
    EXPECT_TRUE(mentions("may still use it") || mentions("but finds block"));
  }
}

std::vector<const Algorithm*> with_trails() {
  std::vector<const Algorithm*> found;
  for (const Algorithm& algorithm : algorithms::all()) {
    if (algorithm.trails) found.push_back(&algorithm);
  }
  return found;
}

INSTANTIATE_TEST_SUITE_P(All, EveryTrail, ::testing::ValuesIn(with_trails()), [](const auto& test) {
  return std::string(name_of(test.param->collective)) + "_" + std::string(test.param->name);
});

INSTANTIATE_TEST_SUITE_P(All, EveryGenerator, ::testing::ValuesIn(pointers()),
                         [](const auto& param) {
                           return std::string(name_of(param.param->collective)) + "_" +
                                  std::string(param.param->name);
                         });

// What distinguishes the algorithms, beyond being right.

std::size_t steps(const Schedule& schedule) { return schedule.lanes[0].steps.size(); }

TEST(OneShot, TakesOneReductionUpToEightRanks) {
  for (int ranks = 2; ranks <= 8; ++ranks) {
    const Schedule schedule = all_reduce_one_shot({Collective::all_reduce, 0, ranks});
    EXPECT_EQ(steps(schedule), static_cast<std::size_t>(1 + (ranks - 1) + 1));
  }
}

TEST(TwoShotDirect, MovesEachByteOnceUpToEightRanks) {
  for (int ranks = 2; ranks <= 8; ++ranks) {
    const Schedule schedule = all_reduce_two_shot_direct({Collective::all_reduce, 1, ranks});
    const auto moves = std::ranges::count_if(schedule.lanes[0].steps, [](const auto& step) {
      return step.kind == schedule::StepKind::reduce || step.kind == schedule::StepKind::copy;
    });
    EXPECT_EQ(moves, 1);
    EXPECT_EQ(std::ranges::count(schedule.slot_blocks, 0), std::ssize(schedule.slot_blocks));
  }
}

TEST(Ring, WritesPartialSumsStraightToTheNeighbourWithLoadStore) {
  const Schedule schedule = all_reduce_ring({Collective::all_reduce, 0, 4});
  for (const schedule::Step& step : schedule.lanes[0].steps) {
    if (step.kind == schedule::StepKind::reduce && !step.final) {
      ASSERT_EQ(step.dsts.size(), 1U);
      EXPECT_EQ(step.dsts[0].place.rank, 1);
    }
  }
}

TEST(DoubleBinaryTree, AlternatesLanesBetweenTheTrees) {
  const Schedule schedule =
      all_reduce_double_binary_tree({Collective::all_reduce, 2, 8, 0, 4, true});
  EXPECT_EQ(schedule.lanes[0].steps, schedule.lanes[2].steps);
  EXPECT_EQ(schedule.lanes[1].steps, schedule.lanes[3].steps);
  EXPECT_NE(schedule.lanes[0].steps, schedule.lanes[1].steps);
}

}  // namespace
}  // namespace weft::algorithms
