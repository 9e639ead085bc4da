// What the tuner makes of hosts whose cores are near each other and far: described by hwloc.
#include <gtest/gtest.h>

#include <numeric>

#include "topology/job.h"
#include "tuner/tuner.h"

namespace weft::tuner {
namespace {

constexpr Collective kAll[] = {Collective::all_reduce, Collective::reduce_scatter,
                               Collective::all_gather, Collective::broadcast,
                               Collective::reduce,     Collective::barrier};

// A rank on each core of a host in hwloc's synthetic notation.
Situation on_every_core(const char* described) {
  const topology::Host host = topology::probe_host({.source = described});
  std::vector<topology::Description> ranks;
  for (const topology::Core& core : host.present)
    ranks.push_back({topology::seen_from(host, std::vector{core.id}), 0});
  const topology::Job job = topology::make_job(ranks, true);
  const topology::Nesting nesting = topology::nesting_of(job);
  Situation situation;
  situation.name = described;
  situation.ranks = situation.cores = static_cast<int>(ranks.size());
  situation.shape = topology::make_shape(job);
  for (std::size_t rank = 0; rank < ranks.size(); ++rank)
    situation.places.push_back({.cache = nesting.cache[rank], .package = nesting.package[rank]});
  situation.signals = static_cast<std::size_t>(8 * situation.ranks);
  situation.slot_bytes = std::size_t{1700} << 10;
  return situation;
}

constexpr const char* kTwoSockets = "synthetic:package:2 l3:1 core:8 pu:1";
constexpr const char* kClusters = "synthetic:package:1 l3:4 core:8 pu:1";
constexpr const char* kTwoSocketsOfClusters = "synthetic:package:2 l3:4 core:8 pu:1";
constexpr const char* kOneCache = "synthetic:package:1 l3:1 core:16 pu:1";

std::string levels(const Situation& situation) {
  const auto add = [](std::string names, const topology::Level& level) {
    return std::move(names) + level.name + " ";
  };
  const auto& list = situation.shape.levels;
  return std::accumulate(list.begin(), list.end(), std::string(), add);
}

TEST(Distances, HostsHaveTheLevelsThatHwlocDescribes) {
  EXPECT_EQ(levels(on_every_core(kTwoSockets)), "package ");
  EXPECT_EQ(levels(on_every_core(kClusters)), "cache ");
  EXPECT_EQ(levels(on_every_core(kTwoSocketsOfClusters)), "cache package ");
  EXPECT_EQ(levels(on_every_core(kOneCache)), "");
}

TEST(Distances, NearPairsArePricedBelowFarOnes) {
  const Situation situation = on_every_core(kTwoSocketsOfClusters);
  const Fabric fabric = fabric_of(situation, nullptr);
  const auto pair_ns = [&](int other) {
    std::vector<Place> places = {situation.places[0],
                                 situation.places[static_cast<std::size_t>(other)]};
    const Fabric pair = make_fabric(places, fabric.costs, {});
    const Workload work(*algorithms::find(Collective::all_reduce, "one_shot"), {.ranks = 2});
    return price(work, {.count = 16384}, pair).ns;
  };
  EXPECT_LT(pair_ns(1) * 1.3, pair_ns(8));
  EXPECT_LE(pair_ns(8), pair_ns(32));
}

TEST(Distances, WhatWasMeasuredOfARelationCountsForItsPairs) {
  Measured measured;
  measured.links["package"] = {.load_store = true, .latency_ns = 777};
  const Fabric fabric = fabric_of(on_every_core(kClusters), &measured);
  EXPECT_EQ(fabric.link(0, 8).latency_ns, 777);
  EXPECT_NE(fabric.link(0, 7).latency_ns, 777);
}

TEST(Distances, StagedAllReducesAreCheaperByRailsOverCachesAndPackages) {
  for (const char* host : {kTwoSockets, kClusters, kTwoSocketsOfClusters}) {
    Tuner tuner(on_every_core(host), {});
    for (const std::size_t bytes : {32 << 10, 1 << 20}) {
      const Choice choice = tuner.select({.bytes = bytes});
      EXPECT_TRUE(choice.algorithm->hierarchical)
          << host << ", " << bytes << ": " << choice.algorithm->name;
    }
  }
}

TEST(Distances, OneCacheNeedsNoLevels) {
  Tuner tuner(on_every_core(kOneCache), {});
  for (const Collective collective : kAll) {
    for (const Candidate& candidate : tuner.candidates({.collective = collective, .bytes = 4096}))
      EXPECT_FALSE(candidate.choice.algorithm->hierarchical) << candidate.choice.algorithm->name;
  }
}

// Above 64 ranks the rule is all there is: it must be near the best wherever prices can be had.
TEST(Distances, TheRuleOfThumbIsNearTheBestPrice) {
  for (const char* host : {kTwoSockets, kClusters, kTwoSocketsOfClusters}) {
    const Situation situation = on_every_core(host);
    Tuner tuner(situation, {});
    for (const Collective collective : kAll) {
      for (const bool direct : {false, true}) {
        for (std::size_t bytes = 8; bytes <= 16 << 20; bytes *= 16) {
          const auto candidates =
              tuner.candidates({.collective = collective, .bytes = bytes, .direct = direct});
          const Choice rule = by_rule({.collective = collective,
                                       .ranks = situation.ranks,
                                       .bytes = bytes,
                                       .direct = direct,
                                       .levels = true});
          const auto found = std::ranges::find(candidates, rule, &Candidate::choice);
          ASSERT_NE(found, candidates.end()) << rule.algorithm->name;
          EXPECT_LE(found->predicted_ns, 2 * candidates.front().predicted_ns)
              << host << ", " << name_of(collective) << " of " << bytes
              << (direct ? " in place" : "") << ": " << rule.algorithm->name << " against "
              << candidates.front().choice.algorithm->name;
        }
      }
    }
  }
}

}  // namespace
}  // namespace weft::tuner
