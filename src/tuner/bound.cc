#include "tuner/bound.h"

#include <weft/collective_traits.h>

#include <algorithm>
#include <queue>
#include <vector>

namespace weft::tuner {
namespace {

// Until `nodes` nodes know what one of them did, if each has `senders` that send one message after
// the other, to nodes that do not know yet, and all senders of a node begin when it knows.
double spread_ns(int nodes, int senders, double send_ns, double message_ns) {
  std::priority_queue<double, std::vector<double>, std::greater<>> ready;
  const auto add = [&](double ns) {
    for (int i = 0; i < senders; ++i) ready.push(ns);
  };
  add(0);
  double last = 0;
  for (int informed = 1; informed < nodes; ++informed) {
    const double begin = ready.top();
    ready.pop();
    ready.push(begin + send_ns);
    last = begin + message_ns;
    add(last);
  }
  return last;
}

double message_ns(const Link& link) {
  // A wait may find its signal without a further fetch.
  return link.send_ns + link.latency_ns + (link.load_store ? 0 : link.receive_ns);
}

double latency_bound(const Fabric& fabric) {
  const Costs& costs = fabric.costs;
  const int ranks = fabric.ranks();
  if (ranks == 1) return 0;
  if (fabric.hosts == 1) {
    const auto least = [&](auto&& of) {
      return std::min({of(costs.cache), of(costs.package), of(costs.host)});
    };
    return spread_ns(ranks, 1, least([](const Link& link) { return link.send_ns; }),
                     least(message_ns));
  }
  const int senders = (ranks + fabric.hosts - 1) / fabric.hosts;
  const double between =
      spread_ns(fabric.hosts, senders, costs.network.send_ns, message_ns(costs.network));
  if (fabric.groups == 1 || fabric.network.kind == NetworkKind::rails) return between;
  const int far_rank =
      static_cast<int>(std::ranges::find_if(fabric.places,
                                            [&](const Place& place) {
                                              return fabric.group_of(place.host) !=
                                                     fabric.group_of(fabric.place(0).host);
                                            }) -
                       fabric.places.begin());
  if (far_rank == ranks) return between;
  return std::max(between, message_ns(costs.network) + fabric.route(0, far_rank).far_latency_ns);
}

// Bytes that must leave, or enter, an average one of `groups` equal groups.
double crossing_bytes(Collective collective, double bytes, int groups) {
  const double others = static_cast<double>(groups - 1) / groups;
  switch (collective) {
    case Collective::all_reduce:
      return 2 * bytes * others;
    case Collective::reduce_scatter:
    case Collective::all_gather:
      return bytes * others;
    case Collective::broadcast:
    case Collective::reduce:
      return groups > 1 ? bytes : 0;
    case Collective::barrier:
      return 0;
  }
  return 0;
}

// Of one group's way out, all of it together.
double group_ns_per_byte(const Fabric& fabric) {
  const double link = fabric.resources[static_cast<std::size_t>(fabric.links_out)].ns_per_byte;
  return fabric.network.kind == NetworkKind::dragonfly ? link / (fabric.groups - 1) : link;
}

double network_bound(Collective collective, double bytes, const Fabric& fabric) {
  const double host = fabric.costs.nic_ns_per_byte / fabric.costs.nics;
  double ns = crossing_bytes(collective, bytes, fabric.hosts) * host;
  const bool grouped = fabric.groups > 1 && fabric.network.kind != NetworkKind::rails;
  if (grouped)
    ns = std::max(ns, crossing_bytes(collective, bytes, fabric.groups) * group_ns_per_byte(fabric));
  return ns;
}

double processor_bound(Collective collective, double bytes, const Fabric& fabric) {
  const Compute& compute = fabric.costs.compute;
  const int ranks = fabric.ranks();
  if (!traits_of(collective).reduces || ranks == 1) return 0;
  // ranks-1 contributions are added to another; each is read once at least.
  const double per_byte = compute.read_ns_per_byte + compute.reduce_ns_per_byte;
  const double per_rank = bytes * (ranks - 1) / ranks * per_byte;
  const int cores = fabric.costs.cores * fabric.machines;
  return cores > 0 && ranks > cores ? per_rank * ranks / cores : per_rank;
}

}  // namespace

double Bound::ns() const { return std::max({latency_ns, network_ns, processor_ns}); }

const char* Bound::name() const {
  if (latency_ns >= std::max(network_ns, processor_ns)) return "latency";
  return network_ns >= processor_ns ? "network" : "processor";
}

Bound lower_bound(Collective collective, double bytes, const Fabric& fabric) {
  return {latency_bound(fabric), network_bound(collective, bytes, fabric),
          processor_bound(collective, bytes, fabric)};
}

}  // namespace weft::tuner
