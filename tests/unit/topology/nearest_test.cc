#include "topology/nearest.h"

#include <gtest/gtest.h>

namespace weft::topology {
namespace {

using Indices = std::vector<int>;

// Runs on node 1 of four: two packages of two nodes.
Host on_node_one() {
  Host host;
  host.numa_distances = {12, 10, 32, 32};
  return host;
}

TEST(Nearest, devices_of_the_own_node_win) {
  EXPECT_EQ(nearest(on_node_one(), {0, 1, 2, 1}), (Indices{1, 3}));
}

TEST(Nearest, devices_of_the_same_package_come_next) {
  EXPECT_EQ(nearest(on_node_one(), {3, 2, 0}), (Indices{2}));
}

TEST(Nearest, equally_far_ones_are_all_used) {
  EXPECT_EQ(nearest(on_node_one(), {2, 3}), (Indices{0, 1}));
}

TEST(Nearest, an_unknown_node_counts_as_near) {
  EXPECT_EQ(nearest(on_node_one(), {-1, 2, 1}), (Indices{0, 2}));
}

TEST(Nearest, a_node_that_is_not_there_is_far) {
  EXPECT_EQ(nearest(on_node_one(), {9, 2}), (Indices{1}));
  EXPECT_EQ(nearest(on_node_one(), {9}), (Indices{0}));
}

TEST(Nearest, without_a_table_all_are_near) {
  EXPECT_EQ(nearest(Host(), {3, 0, -1}), (Indices{0, 1, 2}));
  EXPECT_EQ(nearest(Host(), {}), Indices{});
}

}  // namespace
}  // namespace weft::topology
