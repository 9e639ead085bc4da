#include "tuner/fabric.h"

#include <gtest/gtest.h>
#include <weft/error.h>

#include <algorithm>

namespace weft::tuner {
namespace {

Fabric make(int hosts, int ranks, const char* network, int packages = 1, int nics = 1,
            int caches = 1) {
  Costs costs;
  costs.nics = nics;
  return make_fabric(even_places(hosts, ranks, packages, nics, caches), costs,
                     parse_network(network, hosts));
}

// The names of what a message occupies.
std::vector<std::string> path(const Fabric& fabric, int from, int to) {
  const Route route = fabric.route(from, to);
  std::vector<std::string> names;
  for (int i = 0; i < route.count; ++i)
    names.push_back(fabric.resource_name(route.resources[static_cast<std::size_t>(i)]));
  return names;
}

Place on_host(int host) { return {.cache = host, .package = host, .host = host, .machine = host}; }

using Path = std::vector<std::string>;

TEST(Fabric, RanksAreRelatedByCachePackageHostAndNetwork) {
  const Fabric fabric = make(2, 8, "uniform", 2, 1, 2);
  EXPECT_EQ(&fabric.link(0, 1), &fabric.costs.cache);
  EXPECT_EQ(&fabric.link(1, 2), &fabric.costs.package);
  EXPECT_EQ(&fabric.link(3, 4), &fabric.costs.host);
  EXPECT_EQ(&fabric.link(7, 8), &fabric.costs.network);
  EXPECT_EQ(fabric.route(0, 1).count, 0);
  EXPECT_EQ(path(fabric, 7, 8), (Path{"NIC 0 of host 0, out", "NIC 0 of host 1, in"}));
}

TEST(Fabric, RanksTakeTheNicsInTurn) {
  const Fabric fabric = make(2, 4, "uniform", 1, 2);
  EXPECT_EQ(path(fabric, 1, 6), (Path{"NIC 1 of host 0, out", "NIC 0 of host 1, in"}));
}

TEST(Fabric, FatTreesShareTheLinksOfLeafSwitches) {
  const Fabric fabric = make(8, 1, "fat-tree:2:1:4");
  EXPECT_EQ(path(fabric, 0, 3).size(), 2U);
  EXPECT_EQ(path(fabric, 0, 5), (Path{"NIC 0 of host 0, out", "links of switch 0, out",
                                      "links of switch 1, in", "NIC 0 of host 5, in"}));
  const Resource& up = fabric.resources[static_cast<std::size_t>(fabric.links_out)];
  EXPECT_DOUBLE_EQ(up.ns_per_byte, fabric.costs.nic_ns_per_byte * 2 / 4);
  EXPECT_GT(fabric.route(0, 5).far_latency_ns, fabric.route(0, 3).far_latency_ns);
}

TEST(Fabric, RailsMeetOverSpines) {
  const Fabric fabric = make(4, 2, "rails:2:1", 1, 2);
  EXPECT_EQ(path(fabric, 0, 2).size(), 2U);
  EXPECT_EQ(path(fabric, 0, 3), (Path{"NIC 0 of host 0, out", "links of rail 0, out",
                                      "links of rail 1, in", "NIC 1 of host 1, in"}));
}

TEST(Fabric, DragonflyGroupsHaveALinkForEachPair) {
  const Fabric fabric = make(6, 1, "dragonfly:2");
  EXPECT_EQ(path(fabric, 1, 5),
            (Path{"NIC 0 of host 1, out", "link of group 0 to group 2", "NIC 0 of host 5, in"}));
  // A group's two links to others carry together what its two hosts send.
  const Resource& link = fabric.resources[static_cast<std::size_t>(fabric.links_out)];
  EXPECT_DOUBLE_EQ(link.ns_per_byte, fabric.costs.nic_ns_per_byte);
}

TEST(Fabric, SitesAreFarApart) {
  const Fabric fabric = make(4, 1, "two-sites:10");
  EXPECT_EQ(fabric.route(0, 1).far_latency_ns, 0);
  EXPECT_GE(fabric.route(1, 2).far_latency_ns, 1e7);
  EXPECT_EQ(fabric.route(1, 2).beyond, 1);
  EXPECT_EQ(path(fabric, 3, 0)[1], "fibre from site 1");
}

TEST(Fabric, ShapeHasTheLevelsThatTellSomething) {
  const auto names = [](const Fabric& fabric) {
    std::string list;
    for (const topology::Level& level : fabric.shape.levels) list += level.name + " ";
    return list;
  };
  EXPECT_EQ(names(make(8, 4, "fat-tree:1:1:2", 2)), "package host switch ");
  EXPECT_EQ(names(make(1, 16, "uniform", 2, 1, 4)), "cache package ");
  EXPECT_EQ(names(make(2, 8, "uniform", 1, 1, 4)), "cache host ");
  EXPECT_EQ(names(make(8, 4, "two-sites:1")), "host site ");
  EXPECT_EQ(names(make(8, 1, "dragonfly:2")), "switch ");
  EXPECT_EQ(names(make(1, 8, "uniform")), "");
  EXPECT_EQ(names(make(8, 1, "uniform")), "");
  EXPECT_EQ(names(make(4, 4, "fat-tree:1:1:1", 1)), "host ");
}

TEST(Fabric, ShapeGroupsAreNumberedByTheirLowestRanks) {
  // Host 1 holds ranks 0 and 3.
  const Fabric fabric = make_fabric({on_host(1), on_host(0), on_host(0), on_host(1)}, {}, {});
  ASSERT_EQ(fabric.shape.levels.size(), 1U);
  EXPECT_EQ(fabric.shape.levels[0].group, (std::vector<int>{0, 1, 1, 0}));
  EXPECT_TRUE(fabric.shape.levels[0].load_store);
}

TEST(Fabric, RefusesPlacesThatContradictEachOther) {
  const Network uniform;
  EXPECT_THROW((void)make_fabric({}, {}, uniform), Error);
  const Place first = on_host(0);
  EXPECT_THROW((void)make_fabric({first, {.package = 1}}, {}, uniform), Error);
  EXPECT_THROW((void)make_fabric({first, {.cache = 1, .host = 1, .machine = 1}}, {}, uniform),
               Error);
  EXPECT_THROW((void)make_fabric({first, {.cache = 1, .package = 1, .machine = 1}}, {}, uniform),
               Error);
  EXPECT_THROW((void)make_fabric({{.nic = 1}}, {}, uniform), Error);
  Costs costs;
  costs.network.latency_ns = -1;
  EXPECT_THROW((void)make_fabric({first}, costs, uniform), Error);
}

}  // namespace
}  // namespace weft::tuner
