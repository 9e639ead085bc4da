#include "tuner/select.h"

#include <gtest/gtest.h>
#include <weft/error.h>

namespace weft::tuner {
namespace {

constexpr Collective kAll[] = {Collective::all_reduce, Collective::reduce_scatter,
                               Collective::all_gather, Collective::broadcast,
                               Collective::reduce,     Collective::barrier};

TEST(Select, AlwaysChoosesWhatCanServe) {
  for (const Collective collective : kAll) {
    for (int ranks = 1; ranks <= 130; ++ranks) {
      for (const std::size_t bytes : {0, 8, 256, 257, 4096, 100'000, 100'000'000}) {
        for (const bool direct : {false, true}) {
          const Choice choice = select({.collective = collective,
                                        .ranks = ranks,
                                        .bytes = bytes,
                                        .load_store = true,
                                        .direct = direct});
          ASSERT_NE(choice.algorithm, nullptr);
          EXPECT_EQ(choice.algorithm->collective, collective);
          EXPECT_TRUE(algorithms::supports(*choice.algorithm, ranks));
          EXPECT_TRUE(direct || !choice.algorithm->direct);
          EXPECT_NE(choice.protocol, Protocol::automatic);
          EXPECT_TRUE(choice.protocol == Protocol::bulk || !choice.algorithm->direct);
        }
      }
    }
  }
}

TEST(Select, ObeysANameAndAProtocol) {
  const Choice choice = select({.ranks = 4,
                                .bytes = 1 << 20,
                                .algorithm = "recursive_doubling",
                                .protocol = Protocol::packet});
  EXPECT_EQ(choice.algorithm->name, "recursive_doubling");
  EXPECT_EQ(choice.protocol, Protocol::packet);
}

TEST(Select, OverANetworkTwoRanksSendEverythingAtOnce) {
  EXPECT_EQ(select({.ranks = 2, .bytes = 1 << 20, .load_store = false}).algorithm->name,
            "one_shot");
  EXPECT_EQ(select({.ranks = 2, .bytes = 8 << 20, .load_store = false}).algorithm->name,
            "two_shot");
}

TEST(Select, OverANetworkTwoShotsComeSoonerWithMoreRanks) {
  for (int ranks = 3; ranks <= 16; ++ranks) {
    std::size_t bytes = 8;
    while (select({.ranks = ranks, .bytes = bytes, .load_store = false}).algorithm->name ==
           "one_shot")
      bytes += 64;
    const auto p = static_cast<std::size_t>(ranks);
    EXPECT_NEAR(static_cast<double>(bytes),
                18432.0 * static_cast<double>(p) / static_cast<double>((p - 1) * (p - 2)), 64);
  }
}

TEST(Select, RanksThatShareCoresSendFewMessages) {
  const Query query{.ranks = 4, .bytes = 8, .load_store = false, .crowded = true};
  EXPECT_EQ(select(query).algorithm->name, "recursive_doubling");
}

TEST(Select, AnotherCollectivesNameIsNotInTheWay) {
  const Choice choice =
      select({.collective = Collective::barrier, .ranks = 4, .algorithm = "ring"});
  EXPECT_EQ(choice.algorithm->collective, Collective::barrier);
}

TEST(Select, SaysWhatCannotServe) {
  for (const algorithms::Algorithm& algorithm : algorithms::all()) {
    if (!algorithm.power_of_two || algorithm.direct) continue;
    EXPECT_THROW(
        (void)select({.collective = algorithm.collective, .ranks = 6, .algorithm = algorithm.name}),
        Error)
        << algorithm.name;
  }
}

TEST(Select, BuffersOfOneRankAloneArePrivate) {
  EXPECT_FALSE(select({.ranks = 2, .bytes = 1 << 20, .direct = false}).algorithm->direct);
  EXPECT_TRUE(select({.ranks = 2, .bytes = 1 << 20, .direct = true}).algorithm->direct);
}

}  // namespace
}  // namespace weft::tuner
