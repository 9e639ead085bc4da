#include <gtest/gtest.h>

#include <tuple>

#include "topology/job.h"

namespace weft::topology {
namespace {

// Ranks by host and package.
Job job_of(const std::vector<std::pair<int, int>>& places, bool load_store = true) {
  Job job;
  job.load_store = load_store;
  for (const auto& [host, package] : places) {
    Place& place = job.places.emplace_back();
    place.host = host;
    place.package = package;
    if (host >= static_cast<int>(job.hosts.size()))
      job.hosts.resize(static_cast<std::size_t>(host) + 1);
  }
  return job;
}

void expect_levels(const Job& job,
                   const std::vector<std::pair<std::string, std::vector<int>>>& levels) {
  const Shape shape = make_shape(job);
  ASSERT_EQ(shape.levels.size(), levels.size());
  for (std::size_t i = 0; i < levels.size(); ++i) {
    EXPECT_EQ(shape.levels[i].name, levels[i].first);
    EXPECT_EQ(shape.levels[i].group, levels[i].second);
    EXPECT_EQ(shape.levels[i].load_store, job.load_store);
  }
}

TEST(MakeShape, hosts_with_two_packages_make_two_levels) {
  expect_levels(job_of({{0, 0}, {0, 0}, {0, 1}, {0, 1}, {1, 0}, {1, 0}, {1, 1}, {1, 1}}),
                {{"package", {0, 0, 1, 1, 2, 2, 3, 3}}, {"host", {0, 0, 0, 0, 1, 1, 1, 1}}});
}

// Ranks of one host by package and L3.
Job at_caches(const std::vector<std::pair<int, int>>& places) {
  Job job = job_of(std::vector(places.size(), std::pair(0, 0)));
  for (std::size_t rank = 0; rank < places.size(); ++rank)
    std::tie(job.places[rank].package, job.places[rank].l3) = places[rank];
  return job;
}

TEST(MakeShape, caches_in_packages_are_levels_of_their_own) {
  expect_levels(at_caches({{0, 0}, {0, 0}, {0, 4}, {0, 4}, {1, 8}, {1, 8}, {1, 12}, {1, 12}}),
                {{"cache", {0, 0, 1, 1, 2, 2, 3, 3}}, {"package", {0, 0, 0, 0, 1, 1, 1, 1}}});
  expect_levels(at_caches({{0, 0}, {0, 4}, {0, 0}, {0, 4}}), {{"cache", {0, 1, 0, 1}}});
}

TEST(MakeShape, one_cache_a_package_is_the_package) {
  expect_levels(at_caches({{0, 0}, {0, 0}, {1, 8}, {1, 8}}), {{"package", {0, 0, 1, 1}}});
}

TEST(MakeShape, a_rank_at_any_cache_keeps_its_package_together) {
  expect_levels(at_caches({{0, 0}, {0, -1}, {0, 4}, {1, 8}, {1, 8}, {1, 12}, {1, 12}}),
                {{"cache", {0, 0, 0, 1, 1, 2, 2}}, {"package", {0, 0, 0, 1, 1, 1, 1}}});
}

TEST(Nesting, tells_also_what_makes_no_level) {
  const Nesting nesting = nesting_of(at_caches({{0, 0}, {0, 4}}));
  EXPECT_EQ(nesting.cache, (std::vector{0, 1}));
  EXPECT_EQ(nesting.package, (std::vector{0, 0}));
  EXPECT_EQ(nesting.host, (std::vector{0, 0}));
}

TEST(MakeShape, one_host_has_no_level_of_its_own) {
  expect_levels(job_of({{0, 0}, {0, 0}, {0, 1}}), {{"package", {0, 0, 1}}});
  expect_levels(job_of({{0, 0}, {0, 0}}), {});
}

TEST(MakeShape, packages_with_one_rank_each_tell_nothing) {
  expect_levels(job_of({{0, 0}, {0, 1}, {1, 0}, {1, 1}}), {{"host", {0, 0, 1, 1}}});
}

TEST(MakeShape, one_package_a_host_is_the_host) {
  expect_levels(job_of({{0, 0}, {0, 0}, {1, 1}, {1, 1}}), {{"host", {0, 0, 1, 1}}});
}

TEST(MakeShape, every_rank_alone_is_no_level) {
  expect_levels(job_of({{0, 0}, {1, 0}, {2, 0}}), {});
  expect_levels(job_of({{0, 0}}), {});
  expect_levels(job_of({}), {});
}

TEST(MakeShape, ranks_that_are_dealt_out_in_turn_find_each_other) {
  expect_levels(job_of({{0, 1}, {1, 1}, {0, 0}, {1, 0}, {0, 1}, {1, 1}, {0, 0}, {1, 0}}),
                {{"package", {0, 1, 2, 3, 0, 1, 2, 3}}, {"host", {0, 1, 0, 1, 0, 1, 0, 1}}});
}

TEST(MakeShape, uneven_hosts_are_told_apart) {
  expect_levels(job_of({{0, 0}, {0, 0}, {0, 1}, {1, 0}}),
                {{"package", {0, 0, 1, 2}}, {"host", {0, 0, 0, 1}}});
}

TEST(MakeShape, a_rank_in_any_package_keeps_its_host_together) {
  expect_levels(job_of({{0, 0}, {0, -1}, {0, 1}, {1, 0}, {1, 0}, {1, 1}}),
                {{"package", {0, 0, 0, 1, 1, 2}}, {"host", {0, 0, 0, 1, 1, 1}}});
  expect_levels(job_of({{0, -1}, {0, -1}, {1, -1}, {1, -1}}), {{"host", {0, 0, 1, 1}}});
}

TEST(MakeShape, the_caller_says_whether_ranks_map_each_other) {
  expect_levels(job_of({{0, 0}, {0, 0}, {1, 0}, {1, 0}}, false), {{"host", {0, 0, 1, 1}}});
}

}  // namespace
}  // namespace weft::topology
