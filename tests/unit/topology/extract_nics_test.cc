#include <algorithm>

#include "fixtures.h"

namespace weft::topology {
namespace {

class NicsTest : public FolderTest {};

std::vector<std::string> names(const Host& host) {
  std::vector<std::string> list;
  for (const Nic& nic : host.nics) list.push_back(nic.name);
  return list;
}

TEST_F(NicsTest, they_are_found_with_their_places_in_the_order_of_the_bus) {
  const Host host = read_fixture("two_sockets_8_nics");
  EXPECT_EQ(names(host), (std::vector<std::string>{"", "mlx5_0", "mlx5_1", "mlx5_2", "mlx5_3",
                                                   "mlx5_4", "mlx5_5", "mlx5_6", "mlx5_7"}));
  EXPECT_EQ(host.nics[0].interface, "eno1");  // no RDMA device
  EXPECT_EQ(host.nics[5], (Nic{.name = "mlx5_4",
                               .interface = "ib4",
                               .bus = "0000:97:00.0",
                               .numa_node = 1,
                               .package = 1,
                               .bus_gbyte_s = 63.015,
                               .distance = 10}));
}

TEST_F(NicsTest, one_beside_other_cores_is_far) {
  const Host host = read_fixture("container_2_of_100");
  ASSERT_EQ(host.nics.size(), 2u);
  EXPECT_EQ(host.nics[0].distance, 21u);
  EXPECT_EQ(host.nics[1].distance, 10u);
}

TEST_F(NicsTest, one_that_hangs_at_the_root_of_a_single_node_is_at_that_node) {
  const Host host = read_fixture("virtual_machine");
  ASSERT_EQ(host.nics.size(), 1u);
  EXPECT_EQ(host.nics[0].interface, "eth0");
  EXPECT_EQ(host.nics[0].numa_node, 0);
}

TEST_F(NicsTest, a_name_that_comes_twice_is_taken_once_and_that_is_said) {
  const std::string text = replaced(text_of("amd_ccx"), "name=\"mlx5_1\"", "name=\"mlx5_0\"");
  const Host host = probe_host({.source = write("twice.xml", text)});
  EXPECT_EQ(std::ranges::count(names(host), "mlx5_0"), 1);
  ASSERT_EQ(host.notes.size(), 1u);
  EXPECT_NE(host.notes[0].find("two devices are called mlx5_0"), std::string::npos);
}

TEST_F(NicsTest, names_hold_nothing_that_could_harm_a_log) {
  const std::string text = replaced(text_of("amd_ccx"), "name=\"mlx5_1\"",
                                    "name=\"m\xc3\xa9 &#10;" + std::string(99, 'x') + "\"");
  const Host host = probe_host({.source = write("odd.xml", text)});
  EXPECT_EQ(host.nics[1].name, "m????" + std::string(58, 'x'));
}

}  // namespace
}  // namespace weft::topology
