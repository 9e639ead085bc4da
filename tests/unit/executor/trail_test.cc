#include "executor/trail.h"

#include <gtest/gtest.h>

#include <set>

#include "executor/program.h"

namespace weft::executor {
namespace {

constexpr std::size_t kBegin = 8192;

class Trails : public ::testing::Test {
 protected:
  // A pass of a program that has a form that trails, or none.
  bool pass(const Program& program, std::size_t bytes = 128) {
    const Program* form = program.trailing;
    const bool trails = form != nullptr && trail_.admits(*form, bytes);
    if (trails)
      trail_.enter(*form);
    else
      trail_.end_row(form);
    return trails;
  }

  Trail trail_{kBegin};
  Program form_, other_form_, program_, other_, plain_;

  void SetUp() override {
    program_.trailing = &form_;
    other_.trailing = &other_form_;
  }
};

TEST_F(Trails, RowsBeginBehindAPassOfTheSameProgramThatDidNot) {
  EXPECT_FALSE(pass(program_));
  EXPECT_TRUE(pass(program_));
  EXPECT_TRUE(pass(program_));
  EXPECT_FALSE(pass(plain_));
  EXPECT_FALSE(pass(program_));
  EXPECT_TRUE(pass(program_));
}

TEST_F(Trails, TwoProgramsThatTrailNeverFollowEachOther) {
  pass(program_);
  EXPECT_TRUE(pass(program_));
  EXPECT_FALSE(pass(other_));
  EXPECT_TRUE(pass(other_));
  EXPECT_FALSE(pass(program_));
}

TEST_F(Trails, WhatDoesNotFitASpotDoesNotTrail) {
  pass(program_);
  EXPECT_TRUE(pass(program_, Trail::kSpotBytes));
  EXPECT_FALSE(pass(program_, Trail::kSpotBytes + 1));
}

TEST_F(Trails, SpotsComeRoundAcrossRowsAndLieInTheirPart) {
  std::set<std::size_t> spots;
  for (int pass_number = 0; pass_number < 5 * schedule::kTrailSpots; ++pass_number) {
    if (pass_number % 7 == 0) pass(plain_);
    if (!pass(program_)) continue;
    const std::size_t slot = trail_.first_slot();
    EXPECT_EQ((slot - kBegin) % Trail::kSpotBytes, 0U);
    EXPECT_GE(slot, kBegin);
    EXPECT_LE(slot + Trail::kSpotBytes, kBegin + memory::kTrailBytes);
    EXPECT_TRUE(spots.insert(slot).second || spots.size() == schedule::kTrailSpots);
    const std::size_t next = trail_.later_slot(1);
    EXPECT_EQ(next, slot + Trail::kSpotBytes < kBegin + schedule::kTrailSpots * Trail::kSpotBytes
                        ? slot + Trail::kSpotBytes
                        : kBegin);
  }
  EXPECT_EQ(spots.size(), static_cast<std::size_t>(schedule::kTrailSpots));
}

TEST_F(Trails, EveryEighthPassSignalsAndWaitsForTheOneBeforeThatDid) {
  for (const int rows : {1, 2}) {
    pass(plain_);
    pass(program_);
    for (std::uint64_t number = 1; number <= 40; ++number) {
      ASSERT_TRUE(pass(program_));
      EXPECT_EQ(trail_.signals(), number % schedule::kTrailTurn == 0) << rows;
      EXPECT_EQ(trail_.waits(), trail_.signals() && number >= 2 * schedule::kTrailTurn) << rows;
      if (!trail_.signals()) continue;
      const TrailPoint before = trail_.note({trail_.first_slot(), 64, number});
      if (trail_.waits()) {
        EXPECT_EQ(before.flag, number - schedule::kTrailTurn);
      }
    }
  }
}

}  // namespace
}  // namespace weft::executor
