#include "tuner/event_queue.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <utility>

namespace weft::tuner {
namespace {

TEST(EventQueue, AgreesWithASetOfTimesInOrderOfArrival) {
  std::mt19937_64 random(1);
  EventQueue queue;
  std::set<std::pair<std::uint64_t, std::uint32_t>> expected;
  std::uint64_t now = 0;
  std::uint32_t next = 0;
  for (int i = 0; i < 100'000; ++i) {
    if (expected.empty() || random() % 2 == 0) {
      // Many of equal times, some far away.
      const std::uint64_t time = now + (random() % 4) * (std::uint64_t{1} << random() % 40);
      queue.push(time, next);
      expected.emplace(time, next++);
      continue;
    }
    EXPECT_LE(queue.earliest(), expected.begin()->first);
    const EventQueue::Event event = queue.pop();
    ASSERT_EQ(std::pair(event.time, event.id), *expected.begin());
    expected.erase(expected.begin());
    now = event.time;
    EXPECT_EQ(queue.empty(), expected.empty());
  }
}

TEST(EventQueue, AnEmptyOneIsNeverInTheWay) {
  EventQueue queue;
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.earliest(), ~std::uint64_t{0});
  queue.push(7, 1);
  queue.clear();
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace weft::tuner
