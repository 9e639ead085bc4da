#include "tuner/rules.h"

#include <gtest/gtest.h>

#include <vector>

namespace weft::tuner {
namespace {

constexpr Collective kAll[] = {Collective::all_reduce, Collective::reduce_scatter,
                               Collective::all_gather, Collective::broadcast,
                               Collective::reduce,     Collective::barrier};

std::vector<Case> every_case() {
  std::vector<Case> cases;
  for (const Collective collective : kAll) {
    for (int ranks = 1; ranks <= 130; ++ranks) {
      for (const std::size_t bytes : {0, 8, 256, 257, 4096, 100'000, 100'000'000}) {
        for (unsigned flags = 0; flags < 32; ++flags) {
          cases.push_back({.collective = collective,
                           .ranks = ranks,
                           .bytes = bytes,
                           .load_store = (flags & 1) != 0,
                           .crowded = (flags & 2) != 0,
                           .copied = (flags & 4) != 0,
                           .direct = (flags & 8) != 0,
                           .levels = (flags & 16) != 0});
        }
      }
    }
  }
  return cases;
}

TEST(Rules, AlwaysChooseWhatCanServe) {
  for (const Case& given : every_case()) {
    const Choice choice = by_rule(given);
    ASSERT_NE(choice.algorithm, nullptr);
    ASSERT_TRUE(can_serve(*choice.algorithm, given))
        << name_of(given.collective) << " " << choice.algorithm->name << " on " << given.ranks;
    EXPECT_EQ(choice.algorithm, algorithms::find(given.collective, choice.algorithm->name));
    EXPECT_NE(choice.protocol, Protocol::automatic);
    EXPECT_TRUE(choice.protocol == Protocol::bulk || !choice.algorithm->direct);
  }
}

TEST(Rules, InMappedBuffersLargeCallsWorkInPlace) {
  for (const Collective collective : kAll) {
    for (const int ranks : {2, 16, 17, 64}) {
      const Choice choice =
          by_rule(Case{.collective = collective, .ranks = ranks, .bytes = 1 << 20, .direct = true});
      EXPECT_EQ(choice.algorithm->direct, collective != Collective::barrier)
          << choice.algorithm->name;
    }
  }
}

TEST(Rules, ManyRanksScatterLargeReductionsAroundARing) {
  Case given{.collective = Collective::reduce_scatter, .ranks = 64, .bytes = 8};
  EXPECT_EQ(by_rule(given).algorithm->name, "one_shot");
  given.bytes = 16 << 20;
  EXPECT_EQ(by_rule(given).algorithm->name, "ring");
  given.ranks = 16;
  EXPECT_EQ(by_rule(given).algorithm->name, "one_shot");
}

TEST(Rules, OverANetworkTwoRanksSendEverythingAtOnce) {
  EXPECT_EQ(by_rule(Case{.ranks = 2, .bytes = 1 << 20, .load_store = false}).algorithm->name,
            "one_shot");
  EXPECT_EQ(by_rule(Case{.ranks = 2, .bytes = 8 << 20, .load_store = false}).algorithm->name,
            "two_shot");
}

TEST(Rules, OverANetworkTwoShotsComeSoonerWithMoreRanks) {
  for (int ranks = 3; ranks <= 16; ++ranks) {
    std::size_t bytes = 8;
    while (by_rule(Case{.ranks = ranks, .bytes = bytes, .load_store = false}).algorithm->name ==
           "one_shot")
      bytes += 64;
    const auto p = static_cast<std::size_t>(ranks);
    EXPECT_NEAR(static_cast<double>(bytes),
                18432.0 * static_cast<double>(p) / static_cast<double>((p - 1) * (p - 2)), 64);
  }
}

TEST(Rules, OnHostsLittleCrossesBetweenThem) {
  for (const Collective collective : kAll) {
    for (const std::size_t bytes : {8, 64 << 10, 64 << 20}) {
      const Choice choice = by_rule(Case{.collective = collective,
                                         .ranks = 4096,
                                         .bytes = bytes,
                                         .load_store = false,
                                         .levels = true});
      EXPECT_TRUE(choice.algorithm->hierarchical) << choice.algorithm->name;
    }
  }
}

TEST(Rules, RanksThatShareCoresSendFewMessages) {
  const Case given{.ranks = 4, .bytes = 8, .load_store = false, .crowded = true};
  EXPECT_EQ(by_rule(given).algorithm->name, "recursive_doubling");
}

TEST(Rules, RanksThatShareCoresTakeFewSteps) {
  const auto chosen = [](int ranks, std::size_t bytes, bool crowded) {
    return by_rule(Case{.ranks = ranks, .bytes = bytes, .crowded = crowded}).algorithm->name;
  };
  EXPECT_EQ(chosen(4, 8 << 10, true), "recursive_doubling");
  EXPECT_EQ(chosen(8, 8 << 10, true), "recursive_doubling");
  EXPECT_EQ(chosen(8, 8 << 10, false), "two_shot");
  EXPECT_EQ(chosen(6, 8 << 10, true), "two_shot") << "which would have to fold";
  EXPECT_EQ(chosen(8, 128 << 10, true), "two_shot");
}

TEST(Rules, RanksThatShareCoresGatherInTurns) {
  const auto chosen = [](std::size_t bytes, bool crowded) {
    return by_rule(Case{.collective = Collective::all_gather,
                        .ranks = 8,
                        .bytes = bytes,
                        .crowded = crowded})
        .algorithm->name;
  };
  EXPECT_EQ(chosen(8 << 10, true), "one_shot");
  EXPECT_EQ(chosen(64 << 10, true), "bruck");
  EXPECT_EQ(chosen(512 << 10, true), "ring");
  EXPECT_EQ(chosen(64 << 10, false), "one_shot");
}

TEST(Rules, InPlaceFromTheSizeOnThatPays) {
  const auto in_place = [](int ranks, std::size_t bytes, bool crowded) {
    return by_rule(Case{.ranks = ranks, .bytes = bytes, .crowded = crowded, .direct = true})
        .algorithm->direct;
  };
  for (const int ranks : {2, 8}) {
    for (const bool crowded : {false, true}) {
      EXPECT_FALSE(in_place(ranks, 1 << 10, crowded)) << ranks;
      EXPECT_TRUE(in_place(ranks, 2 << 10, crowded)) << ranks;
    }
  }
  EXPECT_TRUE(in_place(4, 2 << 10, false));
  EXPECT_FALSE(in_place(4, 4 << 10, true));
  EXPECT_TRUE(in_place(4, 8 << 10, true));
}

TEST(Rules, WhereProcessorsAreTheWireMessagesStayWhole) {
  Case given{.ranks = 2, .bytes = 32 << 20, .load_store = false, .copied = true};
  EXPECT_EQ(by_rule(given).algorithm->name, "one_shot");
  EXPECT_EQ(by_rule(given).lanes, 1);
  given.copied = false;
  EXPECT_EQ(by_rule(given).lanes, 2);
  given = {.ranks = 8, .bytes = 8 << 20, .load_store = false, .copied = true, .levels = true};
  EXPECT_EQ(by_rule(given).algorithm->name, "split_rail_halving_doubling");
}

TEST(Rules, BuffersOfOneRankAloneArePrivate) {
  EXPECT_FALSE(by_rule(Case{.ranks = 2, .bytes = 1 << 20, .direct = false}).algorithm->direct);
  EXPECT_TRUE(by_rule(Case{.ranks = 2, .bytes = 1 << 20, .direct = true}).algorithm->direct);
}

}  // namespace
}  // namespace weft::tuner
