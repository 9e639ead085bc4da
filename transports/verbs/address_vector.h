// The way from a port to another: pure, so that fabrics can be tested that nobody has at hand.
#pragma once

#include <infiniband/verbs.h>

#include <cstdint>

namespace weft::verbs {

// One end.
struct PortAddress {
  std::uint16_t lid = 0;      // InfiniBand
  ibv_gid gid{};              // zeroes: it has none
  bool grh_required = false;  // the port takes no packets without a global header
};

// What the user has asked for; negative: nothing.
struct PathWishes {
  int service_level = -1;
  int traffic_class = -1;
  int flow_label = -1;
  bool global = false;  // a global header also where none is needed
};

struct LocalPort {
  PortAddress address;
  bool ethernet = false;  // RoCE: by GID alone
  std::uint8_t port = 1;
  int gid_index = -1;  // -1: it has no GID
};

// Whether both are of one InfiniBand subnet, whose switches forward by LID.
bool same_subnet(const ibv_gid& one, const ibv_gid& other);

// By LID within a subnet of InfiniBand; by GID on Ethernet, to other subnets, and where one of the
// ports or the user wants a global header.
ibv_ah_attr address_vector(const LocalPort& local, const PortAddress& peer,
                           const PathWishes& wishes);

}  // namespace weft::verbs
