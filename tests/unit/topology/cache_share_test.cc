#include <gtest/gtest.h>

#include "topology/job.h"

namespace weft::topology {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

// A host with two L3 caches of 32 MiB, at cores 0 and 8, and ranks at the given ones.
Job job_at(const std::vector<int>& caches) {
  Job job;
  Host& host = job.hosts.emplace_back();
  host.l2_bytes = kMiB;
  host.l3_bytes = 32 * kMiB;
  for (int core = 0; core < 16; ++core)
    host.present.push_back({.id = core, .package = 0, .l3 = core / 8 * 8});
  for (const int l3 : caches) {
    Place& place = job.places.emplace_back();
    place.package = 0;
    place.l3 = l3;
  }
  return job;
}

TEST(CacheShare, OfTheCacheThatMostRanksShare) {
  EXPECT_EQ(cache_share(job_at({0, 0})), 16 * kMiB);
  EXPECT_EQ(cache_share(job_at({0, 8})), 32 * kMiB);
  EXPECT_EQ(cache_share(job_at({0, 0, 0, 0, 8})), 8 * kMiB);
}

TEST(CacheShare, RanksThatAreNotTiedShareAllOfTheHosts) {
  EXPECT_EQ(cache_share(job_at({-1, -1, -1, -1})), 16 * kMiB);
}

TEST(CacheShare, AnL2IsARanksOwn) { EXPECT_EQ(cache_share(job_at(std::vector(64, 0))), kMiB); }

TEST(CacheShare, NobodyKnows) {
  Job job = job_at({0, 0});
  job.hosts[0].l2_bytes = job.hosts[0].l3_bytes = 0;
  EXPECT_EQ(cache_share(job), 0u);
}

}  // namespace
}  // namespace weft::topology
