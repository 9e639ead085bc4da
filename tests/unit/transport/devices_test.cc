#include "transport/devices.h"

#include <gtest/gtest.h>

#include <cstdio>

namespace weft {
namespace {

using transport::Device;

Device device(int number, int node, int priority = 50) {
  Device made;
  std::snprintf(made.name, sizeof(made.name), "mlx5_%d", number);
  made.priority = priority;
  made.numa_node = node;
  return made;
}

// Two packages with four devices each.
std::vector<Device> eight() {
  std::vector<Device> devices;
  for (int i = 0; i < 8; ++i) devices.push_back(device(i, i / 4));
  return devices;
}

topology::Host on_node(std::size_t node) {
  topology::Host host;
  host.numa_distances = {21, 21};
  host.numa_distances[node] = 10;
  return host;
}

TEST(Devices, a_rank_that_knows_of_no_others_gets_all_that_are_nearest) {
  const Proposal proposal = propose_devices(eight(), on_node(1));
  EXPECT_EQ(proposal.devices, "mlx5_4,mlx5_5,mlx5_6,mlx5_7");
  EXPECT_EQ(proposal.priority, 50);
  EXPECT_EQ(proposal.reason,
            "4 of 8 devices are nearest (NUMA node 1): mlx5_4,mlx5_5,mlx5_6,mlx5_7");
}

TEST(Devices, ranks_that_are_as_near_share_them) {
  const auto share = [](std::size_t node, int index, int ranks) {
    return propose_devices(eight(), on_node(node), index, ranks).devices;
  };
  EXPECT_EQ(share(0, 0, 1), "mlx5_0,mlx5_1,mlx5_2,mlx5_3");  // 2 ranks on the host
  EXPECT_EQ(share(0, 1, 2), "mlx5_2,mlx5_3");                // 4
  EXPECT_EQ(share(1, 2, 4), "mlx5_6");                       // 8
  EXPECT_EQ(share(1, 7, 8), "mlx5_7");                       // 16
  EXPECT_EQ(share(1, 6, 8), "mlx5_7");
}

TEST(Devices, the_reason_tells_of_the_sharing) {
  EXPECT_EQ(propose_devices(eight(), on_node(0), 1, 4).reason,
            "4 of 8 devices are nearest (NUMA node 0), spread over 4 ranks: mlx5_1");
}

TEST(Devices, the_highest_priority_goes_before_nearness) {
  const std::vector<Device> devices = {device(0, 0, 10), device(1, 1, 50)};
  EXPECT_EQ(propose_devices(devices, on_node(0)).devices, "mlx5_1");
}

TEST(Devices, one_without_a_choice_has_no_reason) {
  EXPECT_EQ(propose_devices(std::vector{device(0, 1)}, on_node(0), 3, 4).devices, "mlx5_0");
  EXPECT_EQ(propose_devices(std::vector{device(0, 1)}, on_node(0)).reason, "");
}

}  // namespace
}  // namespace weft
