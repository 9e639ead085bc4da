#include "p2p/rings/migratory_slot.h"

#include <gtest/gtest.h>

namespace weft::p2p {
namespace {

struct Both : testing::Test {
  alignas(kCacheLine) std::byte first[kCacheLine] = {}, second[kCacheLine] = {};
  MigratorySlots a, b;

  void SetUp() override {
    a.open(first, second);
    b.open(second, first);
  }
  static void send(MigratorySlots& end, std::uint32_t number) {
    MigratorySlot* slot = end.next();
    ASSERT_NE(slot, nullptr);
    write_flag(slot->slot, {number, 0, 0, slot->home});
    end.sent(slot);
  }
};

TEST(MigratorySlots, ThereAreNoneUntilTheyAreOpened) {
  MigratorySlots none;
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
  MigratorySlot* came = b.arrived(1);
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
