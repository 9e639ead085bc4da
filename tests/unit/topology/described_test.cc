#include "topology/described.h"

#include <sys/stat.h>

#include <numeric>

#include "fixtures.h"

namespace weft::topology {
namespace {

class DescribedTest : public FolderTest {};

std::vector<int> numbers(int first, int end) {
  std::vector<int> list(static_cast<std::size_t>(end - first));
  std::iota(list.begin(), list.end(), first);
  return list;
}

TEST_F(DescribedTest, two_sockets_are_read) {
  const Host host = read_fixture("two_sockets_8_nics");
  EXPECT_EQ(host.cores, 32);
  EXPECT_EQ(host.processors, 32);
  EXPECT_EQ(host.core_ids, numbers(0, 32));
  EXPECT_EQ(host.numa_nodes, 2);
  EXPECT_EQ(host.l3_bytes, 60'000'000u);
  EXPECT_EQ(host.quota, 0);
  EXPECT_TRUE(host.notes.empty());
  ASSERT_EQ(host.present.size(), 32u);
  EXPECT_EQ(host.present[15].package, 0);
  EXPECT_EQ(host.present[16],
            (Core{.id = 16, .package = 1, .numa_node = 1, .l3 = 16, .allowed = 1, .usable = 1}));
  ASSERT_EQ(host.nodes.size(), 2u);
  EXPECT_EQ(host.nodes[1], (NumaNode{.id = 1, .package = 1, .bytes = 512'000'000'000}));
}

TEST_F(DescribedTest, every_ccx_is_a_group_and_its_cores_have_two_processors) {
  const Host host = read_fixture("amd_ccx");
  EXPECT_EQ(host.cores, 64);
  EXPECT_EQ(host.processors, 128);
  EXPECT_EQ(host.core_ids, numbers(0, 64));  // 64 to 127 are their second processors
  for (const Core& core : host.present) {
    EXPECT_EQ(core.l3, core.id / 4 * 4);
    EXPECT_EQ(core.package, core.id / 32);
    EXPECT_EQ(core.processors, 2);
  }
}

TEST_F(DescribedTest, a_virtual_machine_says_little_and_is_read_all_the_same) {
  const Host host = read_fixture("virtual_machine");
  EXPECT_EQ(host.cores, 2);
  EXPECT_EQ(host.numa_nodes, 1);
  EXPECT_EQ(host.l3_bytes, 0u);
  for (const Core& core : host.present) {
    EXPECT_EQ(core.package, -1);
    EXPECT_EQ(core.l3, -1);
  }
}

TEST_F(DescribedTest, a_container_sees_all_cores_and_uses_those_that_it_may) {
  const Host host = read_fixture("container_2_of_100");
  EXPECT_EQ(host.present.size(), 100u);
  EXPECT_EQ(host.cores, 2);
  EXPECT_EQ(host.core_ids, (std::vector<int>{52, 53}));
  EXPECT_EQ(host.numa_nodes, 1);
  EXPECT_FALSE(host.nodes[0].allowed);
  EXPECT_TRUE(host.nodes[1].allowed);
  EXPECT_EQ(host.numa_distances, (std::vector<std::uint64_t>{21, 10}));
}

TEST_F(DescribedTest, synthetic_machines_are_made) {
  const Host host = read_synthetic("package:2 [numa] l3:4 core:8 pu:2");
  EXPECT_EQ(host.cores, 64);
  EXPECT_EQ(host.processors, 128);
  EXPECT_EQ(host.numa_nodes, 2);
  EXPECT_EQ(host.present[8].l3, host.present[8].id);
  EXPECT_TRUE(host.nics.empty());
}

TEST_F(DescribedTest, a_machine_that_does_not_tell_of_cores_has_one_for_each_processor) {
  const Host host = read_synthetic("pu:6");
  EXPECT_EQ(host.cores, 6);
  EXPECT_EQ(host.core_ids, numbers(0, 6));
}

TEST_F(DescribedTest, what_is_no_regular_file_is_refused_at_once) {
  const std::string fifo = folder_ / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  for (const std::string& path : {fifo, std::string("/dev/zero"), folder_.string()})
    expect_refused(path, "is not a regular file");
  expect_refused(folder_ / "nothing.xml", "cannot be opened: No such file or directory");
}

TEST_F(DescribedTest, what_is_no_file_of_hwloc_is_refused) {
  expect_refused(write("empty.xml", ""), "is empty");
  expect_refused(write("other.xml", "<svg></svg>"), "no <topology>");
  expect_refused(write("zero.xml", std::string("<topology\0>", 11)), "zero bytes");
  expect_refused(write("large.xml", std::string((16 << 20) + 1, ' ')), "larger than 16 MiB");
  expect_refused(write("half.xml", text_of("amd_ccx").substr(0, 20'000)), "hwloc");
}

TEST_F(DescribedTest, entities_and_depth_are_refused) {
  const std::string bomb =
      "<!DOCTYPE topology [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><topology>&b;</topology>";
  expect_refused(write("bomb.xml", bomb), "entities");
  std::string deep = "<topology version=\"2.0\">";
  for (int i = 0; i < 200'000; ++i) deep += "<object type=\"Group\">";
  expect_refused(write("deep.xml", deep), "hwloc");
}

TEST_F(DescribedTest, a_topology_that_contradicts_itself_is_refused) {
  const std::string text = text_of("virtual_machine");
  const std::string elsewhere = replaced(text, "os_index=\"1\" cpuset=\"0x00000002\"",
                                         "os_index=\"1\" cpuset=\"0x00000008\"");
  expect_refused(write("elsewhere.xml", elsewhere), "hwloc");
  const std::string far =
      replaced(text, "\"NUMANode\" os_index=\"0\"", "\"NUMANode\" os_index=\"4000000000\"");
  expect_refused(write("far.xml", far), "");
  const std::string none =
      replaced(text, "allowed_cpuset=\"0x00000003\"", "allowed_cpuset=\"0x0\"");
  expect_refused(write("none.xml", none), "");
}

TEST_F(DescribedTest, a_topology_without_processors_is_refused) {
  std::string text = text_of("virtual_machine");
  for (std::size_t at; (at = text.find("<object type=\"PU\"")) != std::string::npos;)
    text.erase(at, text.find("/>", at) + 2 - at);
  expect_refused(write("none.xml", text), "");
}

TEST_F(DescribedTest, synthetic_text_that_means_nothing_or_too_much_is_refused) {
  expect_refused("synthetic:", "synthetic notation");
  expect_refused("synthetic:package:2 cores", "synthetic notation");
  expect_refused("synthetic:package:9999 core:9999 pu:2", "more than 8192 processors");
  expect_refused("synthetic:package:99999999999999999999 pu:1", "more than 8192 processors");
  expect_refused("synthetic:9000 pu:2", "more than 8192 processors");
  expect_refused("synthetic:" + std::string(5000, 'x'), "longer than 4096 characters");
}

TEST_F(DescribedTest, sizes_in_synthetic_text_are_no_processors) {
  EXPECT_EQ(read_synthetic("package:2 [numa(memory=64GB)] l3:1(size=32MB) core:2 pu:1").cores, 4);
}

}  // namespace
}  // namespace weft::topology
