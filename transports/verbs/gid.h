// Addresses (GIDs) of ports, and the network interfaces behind them.
#pragma once

#include <infiniband/verbs.h>

#include <string>

namespace weft::verbs {

bool is_mapped_v4(const ibv_gid& gid);

// "10.0.0.1" or "fe80::1".
std::string text_of(const ibv_gid& gid);

// How good an address is for RoCE: version 2, IPv4, then routable IPv6, then link-local. 0:
// unusable.
int rank_of(const ibv_gid_entry& entry);

// A network interface by its index; an empty name where there is none (InfiniBand).
struct Interface {
  std::string name;
  bool up = false;
  int mtu = 0;  // bytes; 0: unknown
};
Interface interface_of(unsigned index);

}  // namespace weft::verbs
