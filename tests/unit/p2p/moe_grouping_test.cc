#include "p2p/moe/moe_grouping.h"

#include <gtest/gtest.h>

#include <random>

#include "p2p/moe/moe_routing.h"

namespace weft::p2p {
namespace {

using Ints = std::vector<std::int32_t>;

// Rank 1 of 2, with two experts.
MoeShape shape() { return {1, 2, 4, 2, 3, 16, 16}; }

TEST(MoeGrouping, SortsByExpertThenSourceThenToken) {
  const std::byte theirs[3 * 16] = {}, own[3 * 16] = {};
  const Ints from_0 = {3, /**/ 0, 1, 0, /**/ 2, -1, 1};
  const Ints from_1 = {0, /**/ 2, 1, -1};
  MoeGrouping grouping(shape());
  const MoeParcel parcels[] = {{2, from_0.data(), theirs, false}, {1, from_1.data(), own, true}};
  ASSERT_EQ(grouping.group(parcels), -1);
  const MoeArrivals arrivals = grouping.arrivals();
  ASSERT_EQ(arrivals.rows.size(), 4u);
  EXPECT_EQ(Ints(arrivals.first.begin(), arrivals.first.end()), (Ints{0, 1, 4}));
  EXPECT_EQ(Ints(arrivals.counts.begin(), arrivals.counts.end()), (Ints{1, 0, 2, 1}));
  const MoeRow expected[] = {
      {theirs, 0, 0, 1}, {theirs, 0, 0, 0}, {theirs + 16, 0, 2, 1}, {own + 32, 1, 2, 0}};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(arrivals.rows[i].token, expected[i].token) << i;
    EXPECT_EQ(arrivals.rows[i].source, expected[i].source) << i;
    EXPECT_EQ(arrivals.rows[i].index, expected[i].index) << i;
    EXPECT_EQ(arrivals.rows[i].k, expected[i].k) << i;
  }
  EXPECT_EQ(arrivals.of(0).size(), 1u);
  EXPECT_EQ(arrivals.of(1).data(), arrivals.rows.data() + 1);
  EXPECT_EQ(grouping.first_row(1, 1), 3);
  EXPECT_EQ(grouping.outputs_of(0), 3);
}

TEST(MoeGrouping, IsEmptyWhereNothingCame) {
  MoeGrouping grouping(shape());
  EXPECT_EQ(grouping.group(std::vector<MoeParcel>(2)), -1);
  EXPECT_EQ(grouping.rows(), 0);
  EXPECT_TRUE(grouping.arrivals().rows.empty());
}

// Other ranks write the lists: what would lead outside of any memory is not followed.
TEST(MoeGrouping, NamesWhoSentAListThatMakesNoSense) {
  const std::byte data[3 * 16] = {};
  const auto source_of_fault = [&](int tokens, const Ints& list) {
    MoeGrouping grouping(shape());
    return grouping.group(std::vector<MoeParcel>{{tokens, list.data(), data, false}, {}});
  };
  EXPECT_EQ(source_of_fault(1, {0, /**/ 0, 1, 0}), -1);
  EXPECT_EQ(source_of_fault(1, {0, /**/ 0, 1, 2}), 0) << "an expert of another rank";
  EXPECT_EQ(source_of_fault(1, {0, /**/ 0, 1 << 30, 0}), 0);
  EXPECT_EQ(source_of_fault(4, Ints(13)), 0) << "more tokens than were planned";
  EXPECT_EQ(source_of_fault(1, {4, /**/ 0, 1, 1}), -1);
  EXPECT_EQ(source_of_fault(1, {5, /**/ 0, 1, 1}), 0) << "outputs past its own end";
  EXPECT_EQ(source_of_fault(1, {-1, /**/ 0, 1, 1}), 0);
}

// Walks a source's outputs as the expert's rank sends them: each must be where the source looks.
TEST(MoeGrouping, SendsOutputsInTheOrderInWhichTheirSourcePlacedThem) {
  constexpr int kRanks = 3, kExperts = 9, kTokens = 20, kTopK = 4;
  std::mt19937 random(1);
  for (int round = 0; round < 50; ++round) {
    MoeRouting routing({0, kRanks, kExperts, kTopK, kTokens, 1, 1});
    Ints ids(kTokens * kTopK);
    for (std::int32_t& id : ids) id = static_cast<std::int32_t>(random() % (kExperts + 1)) - 1;
    routing.route(ids.data(), kTokens, {1, 1, 1});
    std::int32_t sent = 0;
    for (int rank = 0; rank < kRanks; ++rank) {
      MoeGrouping grouping({rank, kRanks, kExperts, kTopK, kTokens, 1, 1});
      std::vector<MoeParcel> parcels(kRanks);
      const std::vector<std::byte> data(kTokens);
      parcels[0] = {routing.tokens_to(rank), routing.list_to(rank).data(), data.data(), false};
      ASSERT_EQ(grouping.group(parcels), -1);
      EXPECT_EQ(grouping.outputs_of(0), sent);
      const MoeArrivals arrivals = grouping.arrivals();
      for (const MoeRow& row : arrivals.rows)
        EXPECT_EQ(routing.choice(row.index, row.k).output, sent++);
    }
    EXPECT_EQ(sent, routing.first_output(kExperts));
  }
}

}  // namespace
}  // namespace weft::p2p
