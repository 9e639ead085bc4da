#include "p2p/rings/ring_pair.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "pair.h"

namespace weft::p2p {
namespace {

struct DuplexTest : testing::TestWithParam<const char*> {};

TEST_P(DuplexTest, KeepsOrderAndNeverHasMoreOnItsWayThanSlots) {
  for (const SlotShape shape : {SlotShape{1, 8}, SlotShape{3, 48}, SlotShape{8, 100}}) {
    Pair pair(GetParam(), shape.total());
    RingPair a(pair.end(0), 1, shape, pair.own(0), pair.theirs(0));
    RingPair b(pair.end(1), 0, shape, pair.own(1), pair.theirs(1));
    RingPair* side[2] = {&a, &b};
    std::uint32_t sent[2] = {}, taken[2] = {}, released[2] = {};
    std::mt19937 random(5);
    for (int step = 0; step < 20000; ++step) {
      const unsigned who = random() % 2;
      RingPair& end = *side[who];
      switch (random() % 4) {
        case 0:
          if (std::byte* slot = end.try_acquire()) {
            std::memcpy(slot, &sent[who], 4);
            end.commit(4, sent[who] % Flag::kKinds, sent[who]);
            ++sent[who];
            ASSERT_LE(sent[who] - released[1 - who], shape.slots);
          }
          break;
        case 1: {
          Front front;
          if (end.held() == shape.slots || !end.front(&front)) break;
          std::uint32_t value = 0;
          std::memcpy(&value, front.data, 4);
          ASSERT_EQ(value, taken[who]);
          ASSERT_EQ(front.label, value);
          ASSERT_EQ(front.kind, value % Flag::kKinds);
          ASSERT_EQ(front.bytes, 4u);
          end.take();
          ++taken[who];
          break;
        }
        case 2:
          if (end.held() == 0) break;
          end.release();
          ++released[who];
          break;
        default:
          end.tell();
          pair.progress();
      }
    }
    EXPECT_GT(taken[0], 200u);
    EXPECT_GT(taken[1], 200u);
  }
}

void send(RingPair& end, std::uint32_t value) {
  std::byte* slot = end.try_acquire();
  ASSERT_NE(slot, nullptr);
  std::memcpy(slot, &value, sizeof(value));
  end.commit(sizeof(value), 0, value);
}
// Where the next message lies; null: there is none.
std::byte* take(RingPair& end, std::uint32_t value) {
  Front front;
  if (!end.front(&front)) return nullptr;
  EXPECT_EQ(front.label, value);
  EXPECT_EQ(std::memcmp(front.data, &value, sizeof(value)), 0);
  end.take();
  return front.data;
}

constexpr SlotShape kSmallShape{4, 8};

struct Shuttling : testing::Test {
  Pair pair{"shm", kSmallShape.total()};
  RingPair a{pair.end(0), 1, kSmallShape, pair.own(0), pair.theirs(0)};
  RingPair b{pair.end(1), 0, kSmallShape, pair.own(1), pair.theirs(1)};

  // Whether nothing was ever written to either ring.
  bool rings_are_untouched() {
    const auto zero = [&](const std::byte* memory) {
      return std::all_of(memory + kSmallShape.slot_offset(0),
                         memory + kSmallShape.migratory_offset(),
                         [](std::byte byte) { return byte == std::byte{}; });
    };
    return zero(pair.own(0)) && zero(pair.own(1));
  }
};

TEST_F(Shuttling, AnAnswerTravelsInTheLineOfItsRequest) {
  const std::byte* first = nullptr;
  for (std::uint32_t i = 0; i < 100; ++i) {
    send(a, i);
    std::byte* request = take(b, i);
    ASSERT_NE(request, nullptr);
    b.release();
    send(b, ~i);
    ASSERT_EQ(take(b, i), nullptr);  // its own answer is none
    std::byte* answer = take(a, ~i);
    ASSERT_NE(answer, nullptr);
    a.release();
    if (i == 0) first = request;
    ASSERT_EQ(request, first);
  }
  EXPECT_TRUE(rings_are_untouched());
}

TEST_F(Shuttling, TwoThatSendAtOnceSwapTheirs) {
  for (std::uint32_t i = 0; i < 100; ++i) {
    send(a, i);
    send(b, ~i);
    ASSERT_NE(take(a, ~i), nullptr);
    ASSERT_NE(take(b, i), nullptr);
    a.release();
    b.release();
  }
  EXPECT_TRUE(rings_are_untouched());
}

TEST_F(Shuttling, AMessageThatIsHeldIsNotWrittenTo) {
  send(a, 1);
  send(a, 2);
  const std::byte* held = take(b, 1);
  send(b, 3);  // the other one is its own to write
  send(b, 4);
  ASSERT_NE(take(b, 2), nullptr);
  const std::uint32_t one = 1;
  EXPECT_EQ(std::memcmp(held, &one, sizeof(one)), 0);
  ASSERT_NE(take(a, 3), nullptr);
  ASSERT_NE(take(a, 4), nullptr);
  EXPECT_FALSE(rings_are_untouched());
  b.release();
  send(b, 5);
  EXPECT_EQ(take(a, 5), pair.theirs(0).mapped + kSmallShape.migratory_offset() + kHeaderBytes);
}

INSTANTIATE_TEST_SUITE_P(Over, DuplexTest, testing::Values("shm", "sim", "scarce"),
                         [](const auto& subject) { return std::string(subject.param); });

}  // namespace
}  // namespace weft::p2p
