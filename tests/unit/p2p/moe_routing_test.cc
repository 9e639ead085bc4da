#include "p2p/moe/moe_routing.h"

#include <weft/error.h>

#include <gtest/gtest.h>

namespace weft::p2p {
namespace {

using Ids = std::vector<std::int32_t>;

// Rank 0 of 2, with experts 0 to 2 here and 3 to 5 at rank 1.
MoeShape shape() { return {0, 2, 6, 3, 4, 8, 8}; }
const std::vector<char> kAllLive = {1, 1};

Ids list_of(const MoeRouting& routing, int rank) {
  const auto list = routing.list_to(rank);
  return {list.begin(), list.end()};
}

TEST(MoeRouting, SendsATokenOnceToEachRankWithItsExpertsThere) {
  MoeRouting routing(shape());
  const Ids ids = {1,  5, 3,   //
                   -1, 4, -1,  //
                   0,  2, -1};
  routing.route(ids.data(), 3, kAllLive);
  EXPECT_EQ(routing.tokens_to(0), 2);
  EXPECT_EQ(routing.tokens_to(1), 2);
  EXPECT_EQ(list_of(routing, 0), (Ids{0, 0, 1, -1, -1, 2, 0, 2, -1}));
  EXPECT_EQ(list_of(routing, 1), (Ids{3, 0, -1, 2, 0, 1, -1, 1, -1}));
  EXPECT_EQ(routing.token_to(0, 1), 2);
  EXPECT_EQ(routing.token_to(1, 1), 1);
}

TEST(MoeRouting, PlacesOutputsByExpertThenTokenThenChoice) {
  MoeRouting routing(shape());
  const Ids ids = {5, 1, 5, 1, -1, 0};
  routing.route(ids.data(), 2, kAllLive);
  EXPECT_EQ(routing.first_output(0), 0);
  EXPECT_EQ(routing.first_output(1), 1);
  EXPECT_EQ(routing.first_output(5), 3);
  EXPECT_EQ(routing.choice(0, 0).output, 3);
  EXPECT_EQ(routing.choice(0, 1).output, 1);
  EXPECT_EQ(routing.choice(0, 2).output, 4);
  EXPECT_EQ(routing.choice(1, 0).output, 2);
  EXPECT_EQ(routing.choice(1, 1).home, -1);
  EXPECT_EQ(routing.choice(1, 2).output, 0);
}

TEST(MoeRouting, GivesNothingToARankThatIsNotLive) {
  MoeRouting routing(shape());
  const Ids ids = {0, 3, -1};
  routing.route(ids.data(), 1, {1, 0});
  EXPECT_EQ(routing.tokens_to(1), 0);
  EXPECT_EQ(routing.choice(0, 1).home, 1);
  EXPECT_EQ(routing.choice(0, 1).output, -1);
  EXPECT_EQ(routing.choice(0, 0).output, 0);
}

TEST(MoeRouting, ForgetsTheLastCall) {
  MoeRouting routing(shape());
  const Ids ids = {0, 3, -1};
  routing.route(ids.data(), 1, kAllLive);
  routing.route(nullptr, 0, kAllLive);
  EXPECT_EQ(routing.tokens(), 0);
  EXPECT_EQ(list_of(routing, 1), Ids{0});
}

TEST(MoeRouting, NamesTheFirstIdThatIsNoExpert) {
  const MoeRouting routing(shape());
  const Ids ids = {0, -1, 5, 1, 6, 7};
  routing.check(ids.data(), 1);
  try {
    routing.check(ids.data(), 2);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "dispatch_start: token 1, k 1: expert 6 of 6");
  }
}

}  // namespace
}  // namespace weft::p2p
