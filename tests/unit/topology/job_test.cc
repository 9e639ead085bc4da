#include "topology/job.h"

#include "fixtures.h"
#include "topology/pack.h"
#include "topology/spread.h"

namespace weft::topology {
namespace {

using Indices = std::vector<int>;

// `ranks` ranks side by side on each of `hosts` hosts, as they come over the wire.
std::vector<Description> even(const Host& host, int ranks, int hosts = 1) {
  std::vector<Description> job;
  for (int number = 0; number < hosts; ++number) {
    for (const auto& cores : spread(host, ranks))
      job.push_back({unpack(pack(seen_from(host, cores))), number});
  }
  return job;
}

// The devices of a rank by name.
std::string nics(const Job& job, int rank) {
  const Place& place = job.places[static_cast<std::size_t>(rank)];
  std::string names;
  for (const int nic : place.nics) {
    names +=
        (names.empty() ? "" : " ") +
        job.hosts[static_cast<std::size_t>(place.host)].nics[static_cast<std::size_t>(nic)].name;
  }
  return names;
}

std::vector<std::string> all_nics(const Job& job) {
  std::vector<std::string> names;
  for (int rank = 0; rank < static_cast<int>(job.places.size()); ++rank)
    names.push_back(nics(job, rank));
  return names;
}

TEST(Job, every_rank_has_its_place) {
  const Job job = make_job(even(read_fixture("amd_ccx"), 16), true);
  ASSERT_EQ(job.places.size(), 16u);
  ASSERT_EQ(job.hosts.size(), 1u);
  EXPECT_TRUE(job.load_store);
  const Place& place = job.places[9];
  EXPECT_EQ(place.host, 0);
  EXPECT_EQ(place.package, 1);
  EXPECT_EQ(place.numa_node, 1);
  EXPECT_EQ(place.l3, 36);
  EXPECT_EQ(place.cores, (Indices{36, 37, 38, 39}));
}

TEST(Job, a_rank_that_may_run_in_several_is_in_none) {
  const Job job = make_job(even(read_fixture("amd_ccx"), 1), true);
  EXPECT_EQ(job.places[0].package, -1);
  EXPECT_EQ(job.places[0].numa_node, -1);
  EXPECT_EQ(job.places[0].l3, -1);
}

TEST(Job, hosts_go_by_the_callers_numbers_in_the_order_of_their_lowest_ranks) {
  const Host host = read_fixture("virtual_machine");
  const std::vector<Description> ranks = {{host, 70}, {host, -3}, {host, 70}, {host, 5}};
  const Job job = make_job(ranks, false);
  EXPECT_EQ(job.hosts.size(), 3u);
  EXPECT_EQ(job.places[0].host, 0);
  EXPECT_EQ(job.places[1].host, 1);
  EXPECT_EQ(job.places[2].host, 0);
  EXPECT_EQ(job.places[3].host, 2);
  EXPECT_TRUE(make_job({}, true).places.empty());
}

TEST(Nics, two_ranks_of_a_two_socket_host_use_four_each) {
  const Job job = make_job(even(read_fixture("two_sockets_8_nics"), 2), true);
  EXPECT_EQ(nics(job, 0), "mlx5_0 mlx5_1 mlx5_2 mlx5_3");
  EXPECT_EQ(nics(job, 1), "mlx5_4 mlx5_5 mlx5_6 mlx5_7");
}

TEST(Nics, four_ranks_use_two_each) {
  const Job job = make_job(even(read_fixture("two_sockets_8_nics"), 4), true);
  EXPECT_EQ(all_nics(job), (std::vector<std::string>{"mlx5_0 mlx5_1", "mlx5_2 mlx5_3",
                                                     "mlx5_4 mlx5_5", "mlx5_6 mlx5_7"}));
}

TEST(Nics, eight_ranks_use_one_each_on_every_host) {
  const Job job = make_job(even(read_fixture("two_sockets_8_nics"), 8, 3), true);
  for (int rank = 0; rank < 24; ++rank)
    EXPECT_EQ(nics(job, rank), "mlx5_" + std::to_string(rank % 8)) << rank;
}

TEST(Nics, of_sixteen_ranks_neighbours_share) {
  const Job job = make_job(even(read_fixture("two_sockets_8_nics"), 16), true);
  for (int rank = 0; rank < 16; ++rank)
    EXPECT_EQ(nics(job, rank), "mlx5_" + std::to_string(rank / 2)) << rank;
  EXPECT_EQ(job.places[11].local_index, 3);
  EXPECT_EQ(job.places[11].local_ranks, 8);
}

TEST(Nics, ranks_that_may_run_anywhere_are_spread_over_all) {
  const Host host = read_fixture("two_sockets_8_nics");
  const Job job = make_job(std::vector<Description>(8, {host, 0}), true);
  for (int rank = 0; rank < 8; ++rank)
    EXPECT_EQ(nics(job, rank), "mlx5_" + std::to_string(rank)) << rank;
}

TEST(Nics, an_interleaved_placement_is_spread_within_each_socket) {
  const Host host = read_fixture("two_sockets_8_nics");
  std::vector<Description> ranks;
  for (const int core : {0, 16, 1, 17, 2, 18, 3, 19})
    ranks.push_back({seen_from(host, std::vector<int>{core}), 0});
  const Job job = make_job(ranks, true);
  EXPECT_EQ(all_nics(job), (std::vector<std::string>{"mlx5_0", "mlx5_4", "mlx5_1", "mlx5_5",
                                                     "mlx5_2", "mlx5_6", "mlx5_3", "mlx5_7"}));
}

TEST(Nics, without_an_rdma_device_nothing_is_chosen) {
  const Job job = make_job(even(read_fixture("virtual_machine"), 2), true);
  EXPECT_EQ(all_nics(job), (std::vector<std::string>{"", ""}));
  EXPECT_EQ(job.places[1].local_index, 1);
  EXPECT_EQ(job.places[1].local_ranks, 2);
}

TEST(Nics, a_rank_does_not_use_a_device_that_it_cannot_see) {
  const Host host = read_fixture("amd_ccx");
  Host masked = seen_from(host, std::vector<int>{0});
  std::erase_if(masked.nics, [](const Nic& nic) { return nic.name == "mlx5_0"; });
  const Job job = make_job(
      std::vector<Description>{{seen_from(host, std::vector<int>{1}), 0}, {masked, 0}}, true);
  EXPECT_EQ(nics(job, 0), "mlx5_0");
  EXPECT_EQ(nics(job, 1), "mlx5_1");
  EXPECT_EQ(job.places[1].nic_distances, (std::vector<std::uint64_t>{255, 32}));
}

}  // namespace
}  // namespace weft::topology
