#include <algorithm>

#include "fixtures.h"

namespace weft::topology {
namespace {

using Distances = std::vector<std::uint64_t>;

class DistancesTest : public FolderTest {
 protected:
  Host with_table(const std::string& table) const {
    const std::string text =
        replaced(text_of("two_sockets_8_nics"), "<u64values length=\"11\">10 21 21 10<",
                 "<u64values length=\"" + std::to_string(table.size()) + "\">" + table + "<");
    return probe_host({.source = write("table.xml", text)});
  }
};

TEST_F(DistancesTest, the_firmware_is_believed) {
  EXPECT_EQ(with_table("10 17 28 10").node_distances, (Distances{10, 17, 28, 10}));
}

TEST_F(DistancesTest, all_alike_is_no_contradiction) {
  const Host host = with_table("10 10 10 10");
  EXPECT_EQ(host.node_distances, (Distances{10, 10, 10, 10}));
  EXPECT_TRUE(host.notes.empty());
}

TEST_F(DistancesTest, a_table_that_contradicts_itself_is_ignored_and_that_is_said) {
  for (const char* table : {"21 10 21 10", "0 0 0 0", "10 20 0 10"}) {
    const Host host = with_table(table);
    EXPECT_EQ(host.node_distances, (Distances{10, 20, 20, 10})) << table;
    ASSERT_EQ(host.notes.size(), 1u) << table;
    EXPECT_NE(host.notes[0].find("NUMA distances"), std::string::npos);
  }
}

TEST_F(DistancesTest, nanoseconds_are_brought_to_the_firmwares_scale) {
  EXPECT_EQ(with_table("100 250 300 120").node_distances, (Distances{10, 25, 30, 12}));
  EXPECT_EQ(with_table("1 99999 99999 1").node_distances, (Distances{10, 254, 254, 10}));
}

TEST(Distances, without_a_table_the_own_package_is_nearer_than_others) {
  const Host host = read_synthetic("package:2 numa:2 core:2 pu:1");
  EXPECT_EQ(host.node_distances,
            (Distances{10, 15, 20, 20, 15, 10, 20, 20, 20, 20, 10, 15, 20, 20, 15, 10}));
}

}  // namespace
}  // namespace weft::topology
