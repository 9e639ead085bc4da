#include "algorithms/builder.h"

#include <gtest/gtest.h>

namespace weft::algorithms {
namespace {

using algorithms::PlanInput;
using schedule::Destination;
using schedule::Operand;
using schedule::Step;
using schedule::StepKind;

std::vector<Step> steps_of(Builder& builder) { return builder.build().lanes.at(0).steps; }

TEST(Around, WrapsInBothDirections) {
  EXPECT_EQ(around(3, 2, 4), 1);
  EXPECT_EQ(around(0, -1, 4), 3);
  EXPECT_EQ(around(1, -9, 4), 0);
  EXPECT_EQ(around(0, 0, 1), 0);
}

TEST(Log2, RoundsUpAndDown) {
  EXPECT_EQ(log2_up(1), 0);
  EXPECT_EQ(log2_up(5), 3);
  EXPECT_EQ(log2_up(8), 3);
  EXPECT_EQ(log2_down(1), 0);
  EXPECT_EQ(log2_down(7), 2);
  EXPECT_EQ(log2_down(8), 3);
}

TEST(Builder, CutsCopiesToTheLimitOfDestinations) {
  Builder builder(PlanInput{.ranks = 32}, "test", 1);
  std::vector<Destination> peers;
  for (int q = 1; q < 20; ++q) peers.push_back(to_slot(q, 0));
  builder.copy({}, input(0, 0), peers);
  const auto steps = steps_of(builder);
  ASSERT_EQ(steps.size(), 3U);
  EXPECT_EQ(steps[0].dsts.size(), 8U);
  EXPECT_EQ(steps[2].dsts.size(), 3U);
  EXPECT_EQ(steps[2].dsts.back(), peers.back());
}

TEST(Builder, KeepsLocalCopiesApartFromPutsWithoutLoadStore) {
  Builder builder(PlanInput{.ranks = 4, .load_store = false}, "test", 1);
  builder.copy({}, input(0, 0), {to_slot(1, 0), to(output(0, 0))});
  EXPECT_EQ(steps_of(builder).size(), 2U);
  Builder fused(PlanInput{.ranks = 4, .load_store = true}, "test", 1);
  fused.copy({}, input(0, 0), {to_slot(1, 0), to(output(0, 0))});
  EXPECT_EQ(steps_of(fused).size(), 1U);
}

TEST(Builder, CopiesNothingToNobody) {
  Builder builder(PlanInput{}, "test", 1);
  builder.copy({}, input(0, 0), {});
  EXPECT_TRUE(steps_of(builder).empty());
}

TEST(Builder, ChainsReductionsOfManySourcesThroughViaInOrder) {
  Builder builder(PlanInput{.ranks = 32}, "test", 1);
  std::vector<Operand> sources;
  for (int k = 0; k < 17; ++k) sources.push_back(slot(0, k));
  const Operand via = slot(0, 17), sum = schedule::partial(via);
  builder.reduce({}, sources, {to(output(0, 0))}, via, true);
  const auto steps = steps_of(builder);
  ASSERT_EQ(steps.size(), 3U);
  EXPECT_EQ(steps[0].dsts, (decltype(schedule::Step::dsts){to(sum)}));
  EXPECT_EQ(steps[1].srcs.front(), sum);
  EXPECT_EQ(steps[1].srcs.back(), slot(0, 14));
  EXPECT_EQ(steps[2].srcs, (decltype(schedule::Step::srcs){sum, slot(0, 15), slot(0, 16)}));
  EXPECT_FALSE(steps[1].final);
  EXPECT_TRUE(steps[2].final);
}

TEST(Builder, ReducesLocallyAndPutsWithoutLoadStore) {
  Builder builder(PlanInput{.ranks = 4, .load_store = false}, "test", 1);
  builder.reduce({}, {slot(0, 0), input(0, 0)}, {to_slot(1, 1)}, slot(0, 2), false);
  const auto steps = steps_of(builder);
  const Operand sum = schedule::partial(slot(0, 2));
  Destination sent = to_slot(1, 1);
  sent.place.partial = true;
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[0].dsts, (decltype(schedule::Step::dsts){to(sum)}));
  EXPECT_EQ(steps[1].kind, StepKind::copy);
  EXPECT_EQ(steps[1].srcs, (decltype(schedule::Step::srcs){sum}));
  EXPECT_EQ(steps[1].dsts, (decltype(schedule::Step::dsts){sent}));
}

TEST(Builder, ReducesStraightToPeersWithLoadStore) {
  Builder builder(PlanInput{.ranks = 4}, "test", 1);
  builder.reduce({}, {slot(0, 0), input(0, 0)}, {to_slot(1, 1), to(output(0, 0))}, slot(0, 2),
                 false);
  const auto steps = steps_of(builder);
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0].dsts.size(), 2U);
}

TEST(Builder, CopiesAReductionToThePeersBeyondTheLimit) {
  Builder builder(PlanInput{.ranks = 12}, "test", 1);
  std::vector<Destination> everyone = {to(output(0, 0))};
  for (int q = 1; q < 12; ++q) everyone.push_back(to_output(q, 0, 5));
  builder.reduce({}, {slot(0, 0), input(0, 0)}, everyone, slot(0, 2), true);
  const auto steps = steps_of(builder);
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[0].dsts.size(), 8U);
  EXPECT_EQ(steps[1].srcs, (decltype(schedule::Step::srcs){output(0, 0)}));
  EXPECT_EQ(steps[1].dsts.size(), 4U);
}

TEST(Builder, MakesEqualLanesUnlessTheyWereEndedOneByOne) {
  Builder builder(PlanInput{.ranks = 2, .lanes = 3}, "test", 1);
  builder.signal(1, 0);
  EXPECT_EQ(builder.build().lanes.size(), 3U);
  Builder own(PlanInput{.ranks = 2, .lanes = 3}, "test", 1);
  own.end_lane();
  own.signal(1, 0);
  own.end_lane();
  const auto schedule = own.build();
  ASSERT_EQ(schedule.lanes.size(), 2U);
  EXPECT_TRUE(schedule.lanes[0].steps.empty());
  EXPECT_EQ(schedule.lanes[1].steps.size(), 1U);
}

}  // namespace
}  // namespace weft::algorithms
