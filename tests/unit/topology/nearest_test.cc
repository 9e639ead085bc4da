#include "topology/nearest.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace weft::topology {
namespace {

using Indices = std::vector<int>;
using Distances = std::vector<std::uint64_t>;

// Runs on node 1 of four: two packages of two nodes.
Indices nearest(const std::vector<int>& nodes) {
  Host host;
  host.numa_distances = {12, 10, 32, 32};
  return choose_nics(distances_to(host, nodes));
}

TEST(Nearest, devices_of_the_own_node_win) { EXPECT_EQ(nearest({0, 1, 2, 1}), (Indices{1, 3})); }

TEST(Nearest, devices_of_the_same_package_come_next) {
  EXPECT_EQ(nearest({3, 2, 0}), (Indices{2}));
}

TEST(Nearest, equally_far_ones_are_all_used) { EXPECT_EQ(nearest({2, 3}), (Indices{0, 1})); }

TEST(Nearest, an_unknown_node_counts_as_near) { EXPECT_EQ(nearest({-1, 2, 1}), (Indices{0, 2})); }

TEST(Nearest, a_node_that_is_not_there_is_far) {
  EXPECT_EQ(nearest({9, 2}), (Indices{1}));
  EXPECT_EQ(nearest({9}), (Indices{0}));
}

TEST(Nearest, without_a_table_all_are_near) {
  EXPECT_EQ(choose_nics(distances_to(Host(), std::vector{3, 0, -1})), (Indices{0, 1, 2}));
  EXPECT_EQ(choose_nics({}), Indices{});
}

// Two packages with four devices each, as a rank of the first sees them.
const Distances kTwoSockets = {10, 10, 10, 10, 21, 21, 21, 21};

Indices share(int index, int ranks) { return choose_nics(kTwoSockets, index, ranks); }

TEST(Share, one_rank_gets_every_rail) { EXPECT_EQ(share(0, 1), (Indices{0, 1, 2, 3})); }

TEST(Share, fewer_ranks_than_devices_get_several_side_by_side) {
  EXPECT_EQ(share(0, 2), (Indices{0, 1}));
  EXPECT_EQ(share(1, 2), (Indices{2, 3}));
  EXPECT_EQ(share(0, 3), (Indices{0, 1}));
  EXPECT_EQ(share(1, 3), (Indices{1, 2}));
  EXPECT_EQ(share(2, 3), (Indices{2, 3}));
}

TEST(Share, as_many_ranks_as_devices_get_one_each) {
  for (int rank = 0; rank < 4; ++rank) EXPECT_EQ(share(rank, 4), (Indices{rank}));
}

TEST(Share, neighbours_share_where_there_are_more_ranks) {
  for (int rank = 0; rank < 8; ++rank) EXPECT_EQ(share(rank, 8), (Indices{rank / 2}));
  EXPECT_EQ(share(0, 6), (Indices{0}));
  EXPECT_EQ(share(5, 6), (Indices{3}));
}

TEST(Share, devices_are_used_evenly_and_none_is_left_out) {
  for (int devices = 1; devices <= 9; ++devices) {
    for (int ranks = 1; ranks <= 40; ++ranks) {
      std::vector<int> users(static_cast<std::size_t>(devices));
      const Distances distances(static_cast<std::size_t>(devices), 10);
      std::size_t rails = 0;
      for (int rank = 0; rank < ranks; ++rank) {
        const Indices chosen = choose_nics(distances, rank, ranks);
        EXPECT_TRUE(rank == 0 || chosen.size() == rails);  // every rank gets as many
        rails = chosen.size();
        for (const int nic : chosen) ++users.at(static_cast<std::size_t>(nic));
      }
      const auto [least, most] = std::ranges::minmax(users);
      EXPECT_GE(least, 1) << devices << " devices, " << ranks << " ranks";
      EXPECT_LE(most - least, 1) << devices << " devices, " << ranks << " ranks";
    }
  }
}

TEST(Share, far_devices_are_shared_as_near_ones_are) {
  EXPECT_EQ(choose_nics(Distances{21, 32, 21}, 1, 2), (Indices{2}));
}

}  // namespace
}  // namespace weft::topology
