#include "topology/sysfs.h"

#include "fixtures.h"

namespace weft::topology {
namespace {

class SysfsTest : public FolderTest {};

TEST_F(SysfsTest, an_rdma_device_is_seen) {
  EXPECT_FALSE(has_rdma_device(folder_));
  std::filesystem::create_directories(folder_ / "infiniband");
  EXPECT_FALSE(has_rdma_device(folder_));
  write("infiniband/mlx5_0/ports/1/rate", "100 Gb/sec (4X EDR)\n");
  EXPECT_TRUE(has_rdma_device(folder_));
}

TEST_F(SysfsTest, speeds_are_those_of_the_fastest_port) {
  write("infiniband/mlx5_0/ports/1/rate", "25 Gb/sec (1X EDR)\n");
  write("infiniband/mlx5_0/ports/2/rate", "100 Gb/sec (4X EDR)\n");
  write("net/eth0/speed", "40000\n");
  write("net/down0/speed", "-1\n");
  std::vector<Nic> nics = {{.name = "mlx5_0", .interface = "eth0"},
                           {.name = "", .interface = "eth0"},
                           {.name = "", .interface = "down0"},
                           {.name = "", .interface = "gone0"}};
  add_from_sysfs(folder_, nics);
  ASSERT_EQ(nics.size(), 4u);
  EXPECT_EQ(nics[0].port_gbit_s, 100);
  EXPECT_EQ(nics[1].port_gbit_s, 40);
  EXPECT_EQ(nics[2].port_gbit_s, 0);
  EXPECT_EQ(nics[3].port_gbit_s, 0);
}

TEST_F(SysfsTest, devices_that_are_on_no_bus_are_added) {
  write("infiniband/rxe0/ports/1/rate", "2.5 Gb/sec (1X SDR)\n");
  write("infiniband/mlx5_0/ports/1/rate", "nonsense");
  std::vector<Nic> nics = {{.name = "mlx5_0", .bus = "0000:17:00.0"}};
  add_from_sysfs(folder_, nics);
  ASSERT_EQ(nics.size(), 2u);
  EXPECT_EQ(nics[0].port_gbit_s, 0);
  EXPECT_EQ(nics[1].name, "rxe0");
  EXPECT_EQ(nics[1].numa_node, -1);
  EXPECT_EQ(nics[1].port_gbit_s, 2.5);
}

}  // namespace
}  // namespace weft::topology
