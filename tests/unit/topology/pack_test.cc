#include "topology/pack.h"

#include "fixtures.h"

namespace weft::topology {
namespace {

void expect_same(const Host& one, const Host& other) {
  EXPECT_EQ(one.machine, other.machine);
  EXPECT_EQ(one.cores, other.cores);
  EXPECT_EQ(one.processors, other.processors);
  EXPECT_EQ(one.core_ids, other.core_ids);
  EXPECT_EQ(one.quota, other.quota);
  EXPECT_EQ(one.numa_nodes, other.numa_nodes);
  EXPECT_EQ(one.numa_distances, other.numa_distances);
  EXPECT_EQ(one.l2_bytes, other.l2_bytes);
  EXPECT_EQ(one.l3_bytes, other.l3_bytes);
  EXPECT_EQ(one.present, other.present);
  EXPECT_EQ(one.nodes, other.nodes);
  EXPECT_EQ(one.nics, other.nics);
}

class PackTest : public testing::TestWithParam<std::string> {};

TEST_P(PackTest, nothing_changes_on_the_way_and_it_is_small) {
  const Host host = read_fixture(GetParam());
  for (const Host& seen : {host, seen_from(host, std::vector<int>{host.core_ids.back()})}) {
    const auto bytes = pack(seen);
    expect_same(unpack(bytes), seen);
    EXPECT_LT(bytes.size(), 512u);
  }
}

INSTANTIATE_TEST_SUITE_P(Fixtures, PackTest, testing::ValuesIn(kFixtures),
                         [](const auto& tested) { return tested.param; });

TEST(Pack, this_host_travels) {
  const Host host = probe_host();
  expect_same(unpack(pack(host)), host);
}

TEST(Pack, a_large_host_stays_below_a_kibibyte) {
  Host host = read_synthetic("package:2 numa:4 l3:3 l2:8 core:1 pu:2");  // 24 CCDs, 192 cores
  host.machine = "01234567-89ab-cdef-0123-456789abcdef";
  for (int i = 0; i < 8; ++i) {
    host.nics.push_back({.name = "mlx5_" + std::to_string(i),
                         .interface = "ibp" + std::to_string(i) + "s0",
                         .bus = "0000:17:00.0",
                         .numa_node = i,
                         .port_gbit_s = 400,
                         .bus_gbyte_s = 63.015});
  }
  const auto bytes = pack(host);
  expect_same(unpack(bytes), host);
  EXPECT_LT(bytes.size(), 1024u);
}

TEST(Pack, odd_cores_travel) {
  Host host;
  host.present = {{.id = 7, .l3 = 7, .l2 = 7},
                  {.id = 3, .l3 = 7, .l2 = 3, .processors = 4, .allowed = 3, .usable = 1},
                  {.id = 4, .package = 5, .numa_node = 9},
                  {.id = 5, .l3 = 0},
                  {.id = 6, .l3 = 6},
                  {.id = 8, .l3 = 6}};
  EXPECT_EQ(unpack(pack(host)).present, host.present);
}

TEST(Pack, what_only_this_process_needs_stays_here_unless_wanted) {
  Host host = read_fixture("amd_ccx");
  host.notes = {"a note"};
  EXPECT_TRUE(unpack(pack(host)).node_distances.empty());
  EXPECT_TRUE(unpack(pack(host)).notes.empty());
  const Host all = unpack(pack(host, Detail::all));
  EXPECT_EQ(all.node_distances, host.node_distances);
  EXPECT_EQ(all.notes, host.notes);
}

TEST(Pack, another_version_is_refused) {
  auto bytes = pack(Host());
  bytes[0] = std::byte{2};
  EXPECT_THROW(unpack(bytes), Error);
  EXPECT_THROW(unpack({}), Error);
}

TEST(Pack, a_count_that_cannot_be_is_refused_before_anything_is_made) {
  // 2^35 cores in a run; a reader that believed it would need terabytes.
  Host host = read_synthetic("core:4 pu:1");
  const auto bytes = pack(host);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::vector<std::byte> swollen(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
    for (int i = 0; i < 5; ++i) swollen.push_back(std::byte{0xff});
    swollen.push_back(std::byte{0x01});
    swollen.insert(swollen.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at) + 1, bytes.end());
    try {
      EXPECT_LE(unpack(swollen).present.size(), 4u);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::bootstrap);
    }
  }
}

}  // namespace
}  // namespace weft::topology
