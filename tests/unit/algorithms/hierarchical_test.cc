// Algorithms that follow the shape of the machines are proven on many shapes: even and uneven
// hosts, ranks in any order, packages inside hosts, hosts inside switches.
#include "algorithms/hierarchical.h"

#include "algorithms/registry.h"
#include "schedule/text.h"
#include "schedule/verify.h"
#include "support/tables.h"

#include <gtest/gtest.h>
#include <weft/collective_traits.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace weft::algorithms {
namespace {

using schedule::Schedule;
using topology::Level;
using topology::Shape;

// Ranks on hosts of these sizes, in order or shuffled; hosts in packages of `package` ranks at most
// (0: none), and `hosts_per_switch` under a switch (0: none).
struct Cluster {
  std::vector<int> hosts;
  int package = 0;
  int hosts_per_switch = 0;
  unsigned shuffle = 0;  // a seed; 0: in order

  int ranks() const { return std::accumulate(hosts.begin(), hosts.end(), 0); }
  std::vector<int> host_of() const {
    std::vector<int> host;
    for (std::size_t h = 0; h < hosts.size(); ++h)
      host.insert(host.end(), static_cast<std::size_t>(hosts[h]), static_cast<int>(h));
    std::mt19937 random(shuffle);
    if (shuffle != 0) std::ranges::shuffle(host, random);
    return host;
  }
  Shape shape() const;
  std::string name() const {
    std::string text;
    for (const int host : hosts) text += std::to_string(host) + "_";
    return text + "package" + std::to_string(package) + "_switch" +
           std::to_string(hosts_per_switch) + "_seed" + std::to_string(shuffle);
  }
};

std::vector<int> renumbered(const std::vector<int>& groups) {
  std::vector<int> names;
  std::vector<int> result;
  for (const int group : groups) {
    auto known = std::ranges::find(names, group);
    result.push_back(static_cast<int>(known - names.begin()));
    if (known == names.end()) names.push_back(group);
  }
  return result;
}

Shape Cluster::shape() const {
  const std::vector<int> host = host_of();
  std::vector<int> in_host(hosts.size(), 0);
  Level packages{"package", {}, true};
  Level switches{"switch", {}, false};
  for (const int h : host) {
    const int number = in_host[static_cast<std::size_t>(h)]++;
    packages.group.push_back(h * 1000 + (package > 0 ? number / package : 0));
    switches.group.push_back(hosts_per_switch > 0 ? h / hosts_per_switch : 0);
  }
  Shape shape;
  for (Level level : {packages, Level{"host", host, true}, switches}) {
    level.group = renumbered(level.group);
    const auto count = std::set<int>(level.group.begin(), level.group.end()).size();
    const bool known = !shape.levels.empty() && shape.levels.back().group == level.group;
    if (count > 1 && count < level.group.size() && !known) shape.levels.push_back(level);
  }
  return shape;
}

std::vector<Schedule> make_all(const Algorithm& algorithm, const Shape& shape, int ranks, int root,
                               int lanes, bool wide_sums = false, bool load_store = false) {
  std::vector<Schedule> schedules;
  for (int rank = 0; rank < ranks; ++rank) {
    schedules.push_back(algorithm.make(
        {algorithm.collective, rank, ranks, root, lanes, load_store, wide_sums, &shape}));
  }
  return schedules;
}

void expect_proven(const Algorithm& algorithm, const Cluster& cluster, int root, int lanes,
                   int passes) {
  const Shape shape = cluster.shape();
  for (const bool wide_sums : {false, true}) {
    const auto schedules = make_all(algorithm, shape, cluster.ranks(), root, lanes, wide_sums);
    const schedule::VerifyOptions options{.load_store = false,
                                          .hosts = cluster.host_of(),
                                          .wide_sums = wide_sums,
                                          .passes = passes,
                                          .max_problems = 3};
    for (const schedule::Problem& problem : verify(schedules, options)) {
      ADD_FAILURE() << algorithm.name << " on " << cluster.name() << ", root " << root << ", "
                    << lanes << " lanes, wide sums " << wide_sums << ": "
                    << to_text(problem, schedules);
    }
  }
}

bool rooted(const Algorithm& algorithm) { return traits_of(algorithm.collective).rooted(); }

class EveryShape : public ::testing::TestWithParam<const Algorithm*> {};

TEST_P(EveryShape, IsProvenOnEvenAndUnevenHosts) {
  const std::vector<std::vector<int>> clusters = {
      {2, 2}, {2, 2, 2, 2}, {3, 5}, {1, 4}, {4, 4, 4}, {1, 1, 3}, {5, 2, 3}, {8, 8}, {1, 2, 3, 4}};
  for (const auto& hosts : clusters) {
    for (const unsigned shuffle : {0U, 1U, 2U}) {
      const Cluster cluster{.hosts = hosts, .shuffle = shuffle};
      for (int root = 0; root < (rooted(*GetParam()) ? cluster.ranks() : 1); ++root)
        expect_proven(*GetParam(), cluster, root, 1, 1);
    }
  }
}

TEST_P(EveryShape, IsProvenOnRandomNestedShapes) {
  std::mt19937 random(7);
  const auto between = [&](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  };
  for (int trial = 0; trial < 60; ++trial) {
    Cluster cluster;
    const int hosts = between(1, 7);
    const int least = between(1, 4);
    for (int h = 0; h < hosts; ++h) cluster.hosts.push_back(between(least, least + between(0, 4)));
    cluster.package = between(0, 3);
    cluster.hosts_per_switch = between(0, 3);
    cluster.shuffle = static_cast<unsigned>(between(0, 2) * (trial + 1));
    expect_proven(*GetParam(), cluster, between(0, cluster.ranks() - 1), 1 + trial % 2, 1);
  }
}

// One host with caches in packages: ranks map each other wherever they are.
TEST_P(EveryShape, IsProvenAmongTheCachesOfOneHost) {
  for (const auto& caches : {std::vector{2, 2}, std::vector{3, 1, 2, 2}, std::vector{4, 4, 4, 4}}) {
    for (const unsigned shuffle : {0U, 1U}) {
      const Cluster cluster{.hosts = caches, .hosts_per_switch = 2, .shuffle = shuffle};
      Shape shape = cluster.shape();
      for (Level& level : shape.levels) level.load_store = true;
      for (int root = 0; root < (rooted(*GetParam()) ? cluster.ranks() : 1); ++root) {
        for (const bool wide_sums : {false, true}) {
          const auto schedules =
              make_all(*GetParam(), shape, cluster.ranks(), root, 1, wide_sums, true);
          for (const schedule::Problem& problem :
               verify(schedules, {.load_store = true, .wide_sums = wide_sums, .passes = 3}))
            ADD_FAILURE() << cluster.name() << ", root " << root << ": "
                          << to_text(problem, schedules);
        }
      }
    }
  }
}

TEST_P(EveryShape, IsProvenWhenSlotsAreReusedOverSeveralPasses) {
  for (const auto& hosts : {std::vector{2, 2}, std::vector{1, 3, 2}, std::vector{2, 2, 2, 2}})
    expect_proven(*GetParam(), {.hosts = hosts, .package = 1}, 1, 2, 4);
}

TEST_P(EveryShape, IsProvenForUnevenAndEmptyParts) {
  if (!traits_of(GetParam()->collective).moves_data()) GTEST_SKIP() << "it moves nothing";
  constexpr std::size_t kElement = 8;
  std::mt19937 random(7);
  for (const auto& hosts : {std::vector{2, 2}, std::vector{1, 3, 2}, std::vector{4, 4, 4}}) {
    const Cluster cluster{.hosts = hosts, .package = 2, .shuffle = 1};
    const Shape shape = cluster.shape();
    for (const int lanes : {1, 2}) {
      const auto schedules = make_all(*GetParam(), shape, cluster.ranks(), 1, lanes);
      const auto bounds = weft::testing::uneven_bounds(schedules[0].blocks, kElement, random);
      const schedule::Partition partition =
          schedule::make_partition(bounds, kElement, {.lanes = lanes, .max_chunk_bytes = 128});
      const schedule::VerifyOptions options{.load_store = false,
                                            .hosts = cluster.host_of(),
                                            .partition = &partition,
                                            .element_bytes = kElement,
                                            .max_problems = 3};
      for (const schedule::Problem& problem : verify(schedules, options)) {
        ADD_FAILURE() << cluster.name() << ", parts " << ::testing::PrintToString(bounds) << ": "
                      << to_text(problem, schedules);
      }
    }
  }
}

TEST_P(EveryShape, TellsTheSameFrameAtEveryRank) {
  const Cluster cluster{.hosts = {3, 5, 2, 4}, .package = 2, .hosts_per_switch = 2, .shuffle = 3};
  const Shape shape = cluster.shape();
  const auto schedules = make_all(*GetParam(), shape, cluster.ranks(), 0, 1);
  for (const Schedule& schedule : schedules) {
    EXPECT_EQ(schedule.algorithm, GetParam()->name);
    EXPECT_EQ(schedule.slot_blocks, schedules[0].slot_blocks);
    EXPECT_EQ(schedule.blocks, schedules[0].blocks);
  }
}

std::vector<const Algorithm*> those_that_follow() {
  std::vector<const Algorithm*> list;
  for (const Algorithm& algorithm : all()) {
    if (!algorithm.direct) list.push_back(&algorithm);
  }
  return list;
}

INSTANTIATE_TEST_SUITE_P(All, EveryShape, ::testing::ValuesIn(those_that_follow()),
                         [](const auto& param) {
                           return std::string(name_of(param.param->collective)) + "_" +
                                  std::string(param.param->name);
                         });

}  // namespace
}  // namespace weft::algorithms
