#include "tuner/tuner.h"

#include <gtest/gtest.h>
#include <weft/error.h>

#include <algorithm>

namespace weft::tuner {
namespace {

constexpr Collective kAll[] = {Collective::all_reduce, Collective::reduce_scatter,
                               Collective::all_gather, Collective::broadcast,
                               Collective::reduce,     Collective::barrier};

Situation one_host(int ranks) {
  Situation situation;
  situation.name = "one host";
  situation.ranks = ranks;
  situation.places.assign(static_cast<std::size_t>(ranks), {});
  situation.cores = ranks;
  situation.signals = static_cast<std::size_t>(2 * ranks + 64);
  situation.slot_bytes = std::size_t{900} << 10;
  return situation;
}

// Hosts of `each` ranks on a slow network.
Situation several_hosts(int hosts, int each) {
  Situation situation = one_host(hosts * each);
  situation.name = "hosts";
  situation.load_store = false;
  situation.network = {.latency_ns = 10000,
                       .message_ns = 3000,
                       .processor_ns_per_byte = 0.3F,
                       .wire_ns_per_byte = 0.3F};
  topology::Level level{"host", {}, true};
  for (int rank = 0; rank < hosts * each; ++rank) {
    const int host = rank / each;
    situation.places[static_cast<std::size_t>(rank)] = {
        .cache = host, .package = host, .host = host, .machine = host};
    level.group.push_back(host);
  }
  if (hosts > 1 && each > 1) situation.shape.levels.push_back(level);
  return situation;
}

TEST(Tuner, AlwaysChoosesWhatCanServe) {
  for (const Situation& situation : {one_host(1), one_host(2), one_host(8), several_hosts(4, 2),
                                     several_hosts(3, 1), several_hosts(40, 2)}) {
    Tuner tuner(situation, {});
    for (const Collective collective : kAll) {
      for (const std::size_t bytes : {0, 8, 256, 4096, 1 << 20, 64 << 20}) {
        const Choice choice = tuner.select({.collective = collective, .bytes = bytes});
        ASSERT_NE(choice.algorithm, nullptr);
        EXPECT_EQ(choice.algorithm->collective, collective);
        EXPECT_FALSE(choice.algorithm->direct);
        EXPECT_NE(choice.protocol, Protocol::automatic);
        EXPECT_GE(choice.lanes, 1);
      }
    }
  }
}

TEST(Tuner, CandidatesComeCheapestFirstAndOneOfTheCheapestIsChosen) {
  Tuner tuner(several_hosts(4, 2), {});
  const Query query{.bytes = 4096};
  const auto candidates = tuner.candidates(query);
  ASSERT_GT(candidates.size(), 10U);
  EXPECT_TRUE(std::ranges::is_sorted(candidates, {}, &Candidate::predicted_ns));
  const auto chosen = std::ranges::find(candidates, tuner.select(query), &Candidate::choice);
  ASSERT_NE(chosen, candidates.end());
  EXPECT_LE(chosen->predicted_ns, candidates.front().predicted_ns * 1.10);
}

TEST(Tuner, FewBytesBetweenHostsGoThroughLeaders) {
  Tuner tuner(several_hosts(8, 4), {});
  EXPECT_TRUE(tuner.select({.bytes = 8}).algorithm->name.starts_with("leader_"));
}

TEST(Tuner, ObeysANameAProtocolAndLanes) {
  Tuner tuner(one_host(4), {});
  const Choice choice = tuner.select({.bytes = 1 << 20,
                                      .algorithm = "recursive_doubling",
                                      .protocol = Protocol::packet,
                                      .lanes = 2});
  EXPECT_EQ(choice.algorithm->name, "recursive_doubling");
  EXPECT_EQ(choice.protocol, Protocol::packet);
  EXPECT_EQ(choice.lanes, 2);
}

TEST(Tuner, ANameThatIsNotMeantForACollectiveIsNotInTheWay) {
  Tuner tuner(one_host(4), {});
  EXPECT_EQ(
      tuner.select({.collective = Collective::barrier, .algorithm = "ring"}).algorithm->collective,
      Collective::barrier);
  // Nor one that needs hosts, where there is one; unless it must be that.
  EXPECT_FALSE(tuner.select({.algorithm = "split_rail_ring"}).algorithm->hierarchical);
  EXPECT_THROW((void)tuner.select({.algorithm = "split_rail_ring", .strict = true}), Error);
  EXPECT_THROW((void)tuner.select({.algorithm = "two_shot_direct", .strict = true}), Error);
}

TEST(Tuner, WhatWasMeasuredCountsMoreThanAPriceAndLessThanAWish) {
  Tuning tuning;
  tuning.measured["hosts"].choices = {{.bytes = 4096, .algorithm = "ring", .lanes = 2},
                                      {.direct = true, .bytes = 8192, .algorithm = "ring"}};
  Tuner tuner(several_hosts(4, 2), tuning);
  EXPECT_EQ(tuner.select({.bytes = 4096}).algorithm->name, "ring");
  EXPECT_EQ(tuner.select({.bytes = 3000}).algorithm->name, "ring");  // the same class
  EXPECT_EQ(tuner.select({.bytes = 4096}).lanes, 2);
  EXPECT_NE(tuner.select({.bytes = 8192}).algorithm->name, "ring");
  EXPECT_EQ(tuner.select({.bytes = 4096, .algorithm = "two_shot"}).algorithm->name, "two_shot");
  Tuner other(one_host(8), tuning);
  EXPECT_NE(other.select({.bytes = 4096}).algorithm->name, "ring");
}

TEST(Tuner, MeasuredLinksChangeThePrices) {
  Tuning tuning;
  tuning.measured["hosts"].links["network"] = {.latency_ns = 1e6};
  Tuner slow(several_hosts(4, 2), tuning);
  Tuner usual(several_hosts(4, 2), {});
  EXPECT_GT(slow.candidates({.bytes = 8}).front().predicted_ns, 1e6);
  EXPECT_LT(usual.candidates({.bytes = 8}).front().predicted_ns, 1e6);
}

TEST(Tuner, WhatDoesNotFitTheSlotsIsNoCandidate) {
  Situation situation = one_host(8);
  situation.signals = 10;
  Tuner tuner(situation, {});
  for (const Candidate& candidate : tuner.candidates({.bytes = 1 << 20}))
    EXPECT_NE(candidate.choice.algorithm->name, "ring");
}

TEST(Tuner, BuffersThatAreNotMappedAreNotUsedInPlace) {
  Tuner tuner(one_host(2), {});
  EXPECT_FALSE(tuner.select({.bytes = 1 << 20}).algorithm->direct);
  EXPECT_TRUE(tuner.select({.bytes = 1 << 20, .direct = true}).algorithm->direct);
}

}  // namespace
}  // namespace weft::tuner
