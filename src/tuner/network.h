// How hosts are joined, as a line of text tells it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weft::tuner {

enum class NetworkKind : std::uint8_t { uniform, fat_tree, rails, dragonfly, two_sites };

struct Network {
  NetworkKind kind = NetworkKind::uniform;
  int hosts_per_group =
      0;  // of a leaf switch, a dragonfly group, a site; 0: the kind has no groups
  double oversubscription =
      1;                // of the way out of a group: what its hosts can send over what leaves it
  double hop_ns = 150;  // each switch after the first
  double fibre_ns = 0;  // two sites: one way between them
  double fibre_ns_per_byte = 0;
};

// The network that `text` names, for that many hosts:
//
//   uniform                      one switch that never blocks
//   fat-tree:DOWN:UP[:HOSTS]     leaf switches with HOSTS hosts each (32), DOWN:UP oversubscribed,
//   below spines that never
//                                block; traffic is spread evenly over a leaf's links
//   rails[:DOWN:UP]              NIC k of every host at switch k; other switches are reached over
//   spines, DOWN:UP oversubscribed (1:1) dragonfly[:HOSTS[:DOWN:UP]]  groups of HOSTS hosts (32),
//   each joined directly with each other group (minimal routing); a group's
//                                links together carry what its hosts send, over DOWN:UP (1:1)
//   two-sites:MS[:GBPS]          two halves of the hosts, MS milliseconds apart (one way), joined
//   by a fibre of GBPS Gb/s (400)
//
// Throws Error(invalid_argument) that says what is wrong and what there is.
Network parse_network(std::string_view text, int hosts);

}  // namespace weft::tuner
