#include "p2p/duplex.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "pair.h"

namespace weft::p2p {
namespace {

struct DuplexTest : testing::TestWithParam<const char*> {};

TEST_P(DuplexTest, KeepsOrderAndNeverHasMoreOnItsWayThanSlots) {
  for (const SlotShape shape : {SlotShape{1, 8}, SlotShape{3, 48}, SlotShape{8, 100}}) {
    Pair pair(GetParam(), shape.total());
    Duplex a(pair.end(0), 1, shape, pair.own(0), pair.theirs(0));
    Duplex b(pair.end(1), 0, shape, pair.own(1), pair.theirs(1));
    Duplex* side[2] = {&a, &b};
    std::uint32_t sent[2] = {}, taken[2] = {}, released[2] = {};
    std::mt19937 random(5);
    for (int step = 0; step < 20000; ++step) {
      const unsigned who = random() % 2;
      Duplex& end = *side[who];
      switch (random() % 4) {
        case 0:
          if (std::byte* slot = end.try_acquire()) {
            std::memcpy(slot, &sent[who], 4);
            end.commit(4, sent[who] % 16, sent[who]);
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
          ASSERT_EQ(front.kind, value % 16);
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

INSTANTIATE_TEST_SUITE_P(Over, DuplexTest, testing::Values("shm", "sim", "scarce"),
                         [](const auto& subject) { return std::string(subject.param); });

}  // namespace
}  // namespace weft::p2p
