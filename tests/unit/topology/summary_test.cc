#include "topology/summary.h"

#include "fixtures.h"

namespace weft::topology {
namespace {

using Distances = std::vector<std::uint64_t>;

TEST(SeenFrom, what_depends_on_the_place_is_told_anew) {
  const Host host = read_fixture("two_sockets_8_nics");
  const Host seen = seen_from(host, std::vector<int>{20, 21});
  EXPECT_EQ(seen.cores, 2);
  EXPECT_EQ(seen.core_ids, (std::vector<int>{20, 21}));
  EXPECT_EQ(seen.numa_nodes, 1);
  EXPECT_EQ(seen.numa_distances, (Distances{21, 10}));
  EXPECT_EQ(seen.present.size(), host.present.size());
  for (const Nic& nic : seen.nics) EXPECT_EQ(nic.distance, nic.numa_node == 1 ? 10u : 21u);
}

TEST(SeenFrom, a_core_has_all_its_processors) {
  EXPECT_EQ(seen_from(read_fixture("amd_ccx"), std::vector<int>{3}).processors, 2);
}

TEST(SeenFrom, a_rank_in_two_nodes_is_near_to_both) {
  const Host seen = seen_from(read_fixture("two_sockets_8_nics"), std::vector<int>{0, 31});
  EXPECT_EQ(seen.numa_nodes, 2);
  EXPECT_EQ(seen.numa_distances, (Distances{10, 10}));
}

TEST(SeenFrom, the_quota_bounds_what_it_may_use) {
  Host host = read_fixture("amd_ccx");
  host.quota = 3;
  const Host seen = seen_from(host, std::vector<int>{0, 1, 2, 3, 4});
  EXPECT_EQ(seen.cores, 3);
  EXPECT_EQ(seen.processors, 3);
  EXPECT_EQ(seen.core_ids.size(), 5u);
}

TEST(SeenFrom, cores_that_are_not_there_or_not_allowed_are_refused) {
  const Host host = read_fixture("container_2_of_100");
  const auto refused = [&](std::vector<int> cores, const std::string& part) {
    try {
      seen_from(host, cores);
      ADD_FAILURE() << part;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  };
  refused({52, 100}, "there is no core 100");
  refused({51}, "core 51 is there, but this process may not use it");
  refused({}, "no core was named");
}

TEST(Summary, a_device_of_a_package_is_as_near_as_the_nearest_of_its_nodes) {
  Host host = read_synthetic("package:2 numa:2 core:2 pu:1");
  host.nics = {{.name = "one", .package = 0}, {.name = "two", .package = 1}, {.name = "any"}};
  summarize(host);
  const Host seen = seen_from(host, std::vector<int>{host.present[2].id});
  EXPECT_EQ(seen.nics[0].distance, 10u);
  EXPECT_EQ(seen.nics[1].distance, 20u);
  EXPECT_EQ(seen.nics[2].distance, 10u);
}

TEST(Summary, without_cores_the_defaults_stay) {
  Host host;
  summarize(host);
  EXPECT_EQ(host.cores, 1);
  EXPECT_EQ(host.processors, 1);
  EXPECT_TRUE(host.core_ids.empty());
  EXPECT_TRUE(host.numa_distances.empty());
}

}  // namespace
}  // namespace weft::topology
