#include "address_vector.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cstring>

namespace weft::verbs {
namespace {

ibv_gid gid_of(const char* text) {
  ibv_gid gid{};
  EXPECT_EQ(inet_pton(AF_INET6, text, gid.raw), 1) << text;
  return gid;
}

LocalPort infiniband(const char* gid) {
  LocalPort local;
  local.address.lid = 3;
  local.address.gid = gid_of(gid);
  local.port = 2;
  local.gid_index = 0;
  return local;
}

LocalPort roce(const char* gid, int index) {
  LocalPort local;
  local.ethernet = true;
  local.address.gid = gid_of(gid);
  local.gid_index = index;
  return local;
}

PortAddress peer_of(std::uint16_t lid, const char* gid) {
  PortAddress peer;
  peer.lid = lid;
  peer.gid = gid_of(gid);
  return peer;
}

bool goes_to(const ibv_ah_attr& way, const char* gid) {
  const ibv_gid wanted = gid_of(gid);
  return std::memcmp(way.grh.dgid.raw, wanted.raw, sizeof(wanted.raw)) == 0;
}

TEST(AddressVector, within_a_subnet_of_infiniband_the_lid_is_enough) {
  const auto way = address_vector(infiniband("fe80::1"), peer_of(7, "fe80::2"), {});
  EXPECT_EQ(way.is_global, 0);
  EXPECT_EQ(way.dlid, 7);
  EXPECT_EQ(way.port_num, 2);
  EXPECT_EQ(way.sl, 0);
}

TEST(AddressVector, a_peer_without_a_gid_is_reached_by_its_lid) {
  PortAddress peer;
  peer.lid = 7;
  const auto way = address_vector(infiniband("fe80::1"), peer, {});
  EXPECT_EQ(way.is_global, 0);
  EXPECT_EQ(way.dlid, 7);
}

TEST(AddressVector, another_subnet_needs_a_global_header) {
  const auto way = address_vector(infiniband("fe80:0:0:1::1"), peer_of(7, "fe80:0:0:2::2"), {});
  EXPECT_EQ(way.is_global, 1);
  EXPECT_EQ(way.dlid, 7);
  EXPECT_EQ(way.grh.sgid_index, 0);
  EXPECT_EQ(way.grh.hop_limit, 64);
  EXPECT_TRUE(goes_to(way, "fe80:0:0:2::2"));
}

// Switches forward to the router by the LID in the peer's prefix.
TEST(AddressVector, a_prefix_that_names_a_router_leads_there) {
  const auto way = address_vector(infiniband("fec0:0:11:1::1"), peer_of(7, "fec0:0:22:2::2"), {});
  EXPECT_EQ(way.is_global, 1);
  EXPECT_EQ(way.dlid, 0x22);
}

TEST(AddressVector, routers_of_one_subnet_may_differ) {
  EXPECT_TRUE(same_subnet(gid_of("fec0:0:11:1::1"), gid_of("fec0:0:22:1::2")));
  EXPECT_FALSE(same_subnet(gid_of("fec0:0:11:1::1"), gid_of("fec0:0:11:2::2")));
  const auto way = address_vector(infiniband("fec0:0:11:1::1"), peer_of(7, "fec0:0:22:1::2"), {});
  EXPECT_EQ(way.is_global, 0);
  EXPECT_EQ(way.dlid, 7);
}

TEST(AddressVector, a_port_that_requires_it_gets_a_global_header) {
  LocalPort local = infiniband("fe80::1");
  local.address.grh_required = true;
  PortAddress peer = peer_of(7, "fe80::2");
  EXPECT_EQ(address_vector(local, peer, {}).is_global, 1);
  local.address.grh_required = false;
  peer.grh_required = true;
  const auto way = address_vector(local, peer, {});
  EXPECT_EQ(way.is_global, 1);
  EXPECT_EQ(way.dlid, 7);
  EXPECT_TRUE(goes_to(way, "fe80::2"));
}

TEST(AddressVector, who_asks_for_a_global_header_gets_it) {
  PathWishes wishes;
  wishes.global = true;
  EXPECT_EQ(address_vector(infiniband("fe80::1"), peer_of(7, "fe80::2"), wishes).is_global, 1);
}

TEST(AddressVector, roce_goes_by_gid_alone) {
  for (const char* peer : {"::ffff:10.0.0.2", "fd00::2", "fe80::2"}) {
    const auto way = address_vector(roce("::ffff:10.0.0.1", 3), peer_of(9, peer), {});
    EXPECT_EQ(way.is_global, 1) << peer;
    EXPECT_EQ(way.dlid, 0) << peer;
    EXPECT_EQ(way.grh.sgid_index, 3) << peer;
    EXPECT_EQ(way.grh.traffic_class, 0) << peer;
    EXPECT_EQ(way.grh.flow_label, 0u) << peer;
    EXPECT_TRUE(goes_to(way, peer));
  }
}

TEST(AddressVector, wishes_are_kept) {
  PathWishes wishes;
  wishes.service_level = 5;
  wishes.traffic_class = 106;
  wishes.flow_label = 0xabcde;
  const auto ethernet =
      address_vector(roce("::ffff:10.0.0.1", 1), peer_of(0, "::ffff:10.0.0.2"), wishes);
  EXPECT_EQ(ethernet.sl, 5);
  EXPECT_EQ(ethernet.grh.traffic_class, 106);
  EXPECT_EQ(ethernet.grh.flow_label, 0xabcdeu);
  const auto by_lid = address_vector(infiniband("fe80::1"), peer_of(7, "fe80::2"), wishes);
  EXPECT_EQ(by_lid.sl, 5);
  EXPECT_EQ(by_lid.is_global, 0);
}

}  // namespace
}  // namespace weft::verbs
