#include "p2p/shuttle.h"

#include <gtest/gtest.h>

namespace weft::p2p {
namespace {

struct Both : testing::Test {
  alignas(kCacheLine) std::byte first[kCacheLine] = {}, second[kCacheLine] = {};
  Shuttles a, b;

  void SetUp() override {
    a.open(first, second);
    b.open(second, first);
  }
  static void send(Shuttles& end, std::uint32_t number) {
    Shuttle* shuttle = end.next();
    ASSERT_NE(shuttle, nullptr);
    write_flag(shuttle->slot, {number, 0, 0, shuttle->home});
    end.sent(shuttle);
  }
};

TEST(Shuttles, ThereAreNoneUntilTheyAreOpened) {
  Shuttles none;
  EXPECT_EQ(none.next(), nullptr);
  EXPECT_EQ(none.arrived(1), nullptr);
  none.released(1);
}

TEST_F(Both, EachBeginsWithTheOneInTheOthersMemory) {
  ASSERT_NE(a.next(), nullptr);
  EXPECT_EQ(a.next()->slot, second);
  EXPECT_FALSE(a.next()->home);
  EXPECT_EQ(b.next()->slot, first);
}

TEST_F(Both, ATurnIsOverOnceUsedAndTheOthersOnceGivenBack) {
  send(a, 1);
  EXPECT_EQ(a.next(), nullptr);
  Shuttle* came = b.arrived(1);
  ASSERT_NE(came, nullptr);
  EXPECT_TRUE(came->home);
  b.taken(came, 1);
  EXPECT_NE(b.next(), came);
  b.released(1);
  EXPECT_EQ(b.next(), came);  // the last to have arrived
  send(b, 1);
  ASSERT_NE(b.next(), nullptr);
  EXPECT_EQ(b.next()->slot, first);
}

TEST_F(Both, WhatAnEndWroteItselfHasNotArrived) {
  send(a, 1);
  EXPECT_EQ(a.arrived(1), nullptr);
  EXPECT_EQ(b.arrived(2), nullptr);
}

}  // namespace
}  // namespace weft::p2p
