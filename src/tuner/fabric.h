// What moving bytes costs: between two ranks, inside one, and over what they share. Plain data for
// the cost model (cost.h); a fabric is described by people (network.h), or filled in from what a
// job knows about itself.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "topology/shape.h"
#include "tuner/network.h"

namespace weft::tuner {

// What one message costs between two ranks. A message of n bytes that meets nobody on its way is
// seen after
//   send_ns + max(n * ns_per_byte, the processors' share of n) + latency_ns + receive_ns.
struct Link {
  bool load_store = false;  // the sender's processor stores into the receiver's memory
  double latency_ns = 0;    // from the last byte's departure to its arrival
  double send_ns = 0;       // processor time of a message, at the sender and at the receiver
  double receive_ns = 0;
  // Processor time of a byte. load/store: storing it, and fetching it from the sender's cache. A
  // NIC that reads and writes memory itself: 0.
  double send_ns_per_byte = 0;
  double receive_ns_per_byte = 0;
  double ns_per_byte = 0;  // the wire's, for one message alone
};

// What a rank's own processor takes.
struct Compute {
  double step_ns = 9;  // of any step, beyond its data
  // Of a byte of one operand; a copy reads one and writes one, a reduction reads each source and
  // writes each destination.
  double read_ns_per_byte = 0.012;
  double write_ns_per_byte = 0.012;
  double reduce_ns_per_byte =
      0.006;  // of each source of a reduction after the first, beyond reading
  // The same for input and output of calls above `cache_bytes`, which come from memory.
  double far_read_ns_per_byte = 0.05;
  double far_write_ns_per_byte = 0.06;
  std::size_t cache_bytes = std::size_t{8} << 20;
};

// Where a rank is. Numbers from 0 on; a cache belongs to one package, a package to one host and a
// host to one machine (network namespaces make several hosts of one machine).
struct Place {
  int cache = 0;  // of all ranks that share an L3, or of whose caches nothing is known
  int package = 0;
  int host = 0;
  int machine = 0;
  int nic = 0;  // of its host
};

// How near two ranks are: the innermost that they have in common.
enum class Relation : std::uint8_t { cache, package, host, network };
inline constexpr std::array kRelations = {Relation::cache, Relation::package, Relation::host,
                                          Relation::network};
Relation relation_of(const Place& one, const Place& other);
const char* name_of(Relation relation);  // as tuning files say it

// Everything about a fabric but who is where. The defaults describe servers with one 200 Gb/s RDMA
// card.
struct Costs {
  Link cache{.load_store = true,
             .latency_ns = 60,
             .send_ns = 10,
             .receive_ns = 40,
             .send_ns_per_byte = 0.06,
             .receive_ns_per_byte = 0.03};
  // Ranks of one package at different caches.
  Link package{.load_store = true,
               .latency_ns = 130,
               .send_ns = 10,
               .receive_ns = 90,
               .send_ns_per_byte = 0.09,
               .receive_ns_per_byte = 0.05};
  Link host{.load_store = true,
            .latency_ns = 150,
            .send_ns = 10,
            .receive_ns = 100,
            .send_ns_per_byte = 0.10,
            .receive_ns_per_byte = 0.06};
  Link network{.latency_ns = 1100, .send_ns = 150, .receive_ns = 100, .ns_per_byte = 0.04};
  Compute compute;
  int nics = 1;                           // of a host
  double nic_ns_per_byte = 0.04;          // of one NIC, each way; 200 Gb/s
  double nic_ns_per_message = 5;          // it sends or receives no more messages than this allows
  double memory_ns_per_byte = 1.0 / 200;  // of a host's memory; 200 GB/s
  int send_queue = 32;  // messages that a rank may have waiting at its NIC; then it waits itself
  int cores = 0;        // of a machine; 0: as many as it has ranks
  double switch_ns = 1200;  // to wake a rank on a machine with more ranks than cores

  Link& link(Relation relation);
  const Link& link(Relation relation) const { return const_cast<Costs*>(this)->link(relation); }
};

// Something that messages share. It serves their bytes in the order in which they come.
struct Resource {
  double ns_per_byte = 0;
  double ns_per_message = 0;
};

// One way through a fabric.
struct Route {
  const Link* link = nullptr;
  double far_latency_ns = 0;  // of cables and switches beyond the link's own latency
  // What the message occupies, in this order. The first one is its sender's NIC: it sends one
  // message after the other. `beyond` of them lie behind the far latency.
  std::array<std::int32_t, 6> resources{};
  std::uint8_t count = 0;
  std::uint8_t beyond = 0;
};

struct Fabric {
  Network network;
  Costs costs;
  std::vector<Place> places;  // by rank
  int hosts = 0;
  int machines = 0;
  std::vector<Resource> resources;
  topology::Shape shape;

  int ranks() const { return static_cast<int>(places.size()); }
  const Place& place(int rank) const { return places[static_cast<std::size_t>(rank)]; }
  // What a message between two different ranks costs, without the way there.
  const Link& link(int from, int to) const;
  Route route(int from, int to) const;
  int memory_of(int rank) const { return place(rank).host; }  // a resource
  std::string resource_name(int resource) const;              // "NIC 1 of host 3, out"
  // The leaf switch, group or site of a host; 0 where the network has none.
  int group_of(int host) const {
    return network.hosts_per_group > 0 ? host / network.hosts_per_group : 0;
  }

  // The first of each kind of resource, in this order; hosts' memories come before all.
  int nics_out = 0;
  int nics_in = 0;
  int links_out = 0;  // of groups, rails, pairs of groups, sites
  int links_in = 0;   // of groups, rails
  int groups = 0;
};

// `places` by rank. Throws Error(invalid_argument) for places that contradict each other and for
// costs below 0.
Fabric make_fabric(std::vector<Place> places, const Costs& costs, const Network& network);

// Equal hosts, each a machine of its own, with equal packages of equal caches, filled rank by rank;
// ranks take the NICs in turn.
std::vector<Place> even_places(int hosts, int ranks_per_host, int packages_per_host, int nics,
                               int caches_per_package = 1);

}  // namespace weft::tuner
