#include "tuner/fabric.h"

#include <algorithm>
#include <span>

#include "base/error.h"

namespace weft::tuner {
namespace {

void check(std::span<const Place> places, const Costs& costs) {
  if (places.empty()) fail(ErrorCode::invalid_argument, "a fabric has at least one rank");
  if (costs.nics < 1) fail(ErrorCode::invalid_argument, "a host has at least one NIC");
  if (costs.send_queue < 1 || costs.cores < 0)
    fail(ErrorCode::invalid_argument, "a send queue has room and a machine has cores");
  for (const Place& place : places) {
    if (std::min({place.cache, place.package, place.host, place.machine, place.nic}) < 0 ||
        place.nic >= costs.nics) {
      fail(ErrorCode::invalid_argument, "no rank is on host {}, NIC {}", place.host, place.nic);
    }
  }
  for (const Relation relation : kRelations) {
    const Link& link = costs.link(relation);
    if (std::min({link.latency_ns, link.send_ns, link.receive_ns, link.send_ns_per_byte,
                  link.receive_ns_per_byte, link.ns_per_byte}) < 0) {
      fail(ErrorCode::invalid_argument, "a link costs less than nothing");
    }
  }
}

// Each host belongs to one machine, each package to one host, each cache to one package.
void check_nesting(std::span<const Place> places) {
  std::vector<int> package_of, host_of, machine_of;
  const auto note = [](std::vector<int>& owners, int number, int owner) {
    const auto index = static_cast<std::size_t>(number);
    if (owners.size() <= index) owners.resize(index + 1, -1);
    if (owners[index] >= 0 && owners[index] != owner)
      fail(ErrorCode::invalid_argument,
           "a cache is in two packages, a package on two hosts or a host on two machines");
    owners[index] = owner;
  };
  for (const Place& place : places) {
    note(package_of, place.cache, place.package);
    note(host_of, place.package, place.host);
    note(machine_of, place.host, place.machine);
  }
}

// Adds a level unless it tells nothing new.
void add_level(topology::Shape& shape, const char* name, bool load_store,
               const std::vector<int>& keys) {
  topology::Level level{name, {}, load_store};
  std::vector<int> number(static_cast<std::size_t>(*std::ranges::max_element(keys)) + 1, -1);
  int groups = 0;
  for (const int key : keys) {
    int& known = number[static_cast<std::size_t>(key)];
    if (known < 0) known = groups++;
    level.group.push_back(known);
  }
  if (groups == 1 || groups == static_cast<int>(keys.size())) return;
  // Where hosts have one package each, they are told as hosts, and packages of one cache as
  // packages.
  const bool alike = !shape.levels.empty() && shape.levels.back().group == level.group;
  if (alike && shape.levels.back().name == "host") return;
  if (alike) shape.levels.pop_back();
  shape.levels.push_back(std::move(level));
}

topology::Shape make_shape(const Fabric& fabric) {
  topology::Shape shape;
  const auto level = [&](const char* name, bool load_store, auto key) {
    std::vector<int> keys(fabric.places.size());
    std::ranges::transform(fabric.places, keys.begin(), key);
    add_level(shape, name, load_store, keys);
  };
  level("cache", fabric.costs.cache.load_store, [](const Place& p) { return p.cache; });
  level("package", fabric.costs.package.load_store, [](const Place& p) { return p.package; });
  level("host", fabric.costs.host.load_store, [](const Place& p) { return p.host; });
  if (fabric.network.hosts_per_group > 0) {
    const bool sites = fabric.network.kind == NetworkKind::two_sites;
    level(sites ? "site" : "switch", false,
          [&](const Place& p) { return fabric.group_of(p.host); });
  }
  return shape;
}

void add(Fabric& fabric, int count, double ns_per_byte, double ns_per_message) {
  fabric.resources.insert(fabric.resources.end(), static_cast<std::size_t>(count),
                          {ns_per_byte, ns_per_message});
}

// What leaves groups of hosts and comes in.
void add_group_links(Fabric& fabric) {
  const Network& network = fabric.network;
  const double host = fabric.costs.nic_ns_per_byte / fabric.costs.nics;  // all it can send
  const double out = host * network.oversubscription / std::max(network.hosts_per_group, 1);
  fabric.links_out = static_cast<int>(fabric.resources.size());
  fabric.links_in = fabric.links_out + fabric.groups;
  switch (network.kind) {
    case NetworkKind::uniform:
      return;
    case NetworkKind::fat_tree:
      return add(fabric, 2 * fabric.groups, out, 0);
    case NetworkKind::rails:
      return add(fabric, 2 * fabric.groups,
                 fabric.costs.nic_ns_per_byte * network.oversubscription / fabric.hosts, 0);
    case NetworkKind::dragonfly:
      return add(fabric, fabric.groups * fabric.groups, out * (fabric.groups - 1), 0);
    case NetworkKind::two_sites:
      return add(fabric, fabric.groups, network.fibre_ns_per_byte, 0);
  }
}

void add_resources(Fabric& fabric) {
  const Costs& costs = fabric.costs;
  const int nics = fabric.hosts * costs.nics;
  add(fabric, fabric.hosts, costs.memory_ns_per_byte, 0);
  fabric.nics_out = fabric.hosts;
  fabric.nics_in = fabric.hosts + nics;
  add(fabric, 2 * nics, costs.nic_ns_per_byte, costs.nic_ns_per_message);
  add_group_links(fabric);
}

}  // namespace

Relation relation_of(const Place& one, const Place& other) {
  if (one.host != other.host) return Relation::network;
  if (one.package != other.package) return Relation::host;
  return one.cache == other.cache ? Relation::cache : Relation::package;
}

const char* name_of(Relation relation) {
  constexpr std::array kNames = {"cache", "package", "host", "network"};
  return kNames[static_cast<std::size_t>(relation)];
}

Link& Costs::link(Relation relation) {
  const std::array<Link*, kRelations.size()> links = {&cache, &package, &host, &network};
  return *links[static_cast<std::size_t>(relation)];
}

const Link& Fabric::link(int from, int to) const {
  return costs.link(relation_of(place(from), place(to)));
}

Route Fabric::route(int from, int to) const {
  Route route;
  route.link = &link(from, to);
  const Place& a = place(from);
  const Place& b = place(to);
  if (a.host == b.host) return route;
  const auto pass = [&](int resource) { route.resources[route.count++] = resource; };
  const bool rails = network.kind == NetworkKind::rails;
  const int out = rails ? a.nic : group_of(a.host);
  const int in = rails ? b.nic : group_of(b.host);
  const bool crosses = out != in;
  pass(nics_out + a.host * costs.nics + a.nic);
  if (crosses) {
    switch (network.kind) {
      case NetworkKind::uniform:
        break;
      case NetworkKind::fat_tree:
      case NetworkKind::rails:
        pass(links_out + out);
        pass(links_in + in);
        route.far_latency_ns = 2 * network.hop_ns;
        break;
      case NetworkKind::dragonfly:
        pass(links_out + out * groups + in);
        route.far_latency_ns = 3 * network.hop_ns;
        break;
      case NetworkKind::two_sites:
        pass(links_out + out);
        route.far_latency_ns = network.fibre_ns + network.hop_ns;
        route.beyond = 1;
        break;
    }
  }
  pass(nics_in + b.host * costs.nics + b.nic);
  return route;
}

std::string Fabric::resource_name(int resource) const {
  const auto nic = [&](int number, const char* way) {
    return fmt::format("NIC {} of host {}, {}", number % costs.nics, number / costs.nics, way);
  };
  if (resource < nics_out) return fmt::format("memory of host {}", resource);
  if (resource < nics_in) return nic(resource - nics_out, "out");
  if (resource < links_out) return nic(resource - nics_in, "in");
  const int link = resource - links_out;
  switch (network.kind) {
    case NetworkKind::dragonfly:
      return fmt::format("link of group {} to group {}", link / groups, link % groups);
    case NetworkKind::two_sites:
      return fmt::format("fibre from site {}", link);
    default:
      return fmt::format("links of {} {}, {}",
                         network.kind == NetworkKind::rails ? "rail" : "switch", link % groups,
                         link < groups ? "out" : "in");
  }
}

Fabric make_fabric(std::vector<Place> places, const Costs& costs, const Network& network) {
  check(places, costs);
  check_nesting(places);
  Fabric fabric;
  fabric.network = network;
  fabric.costs = costs;
  fabric.places = std::move(places);
  for (const Place& place : fabric.places) {
    fabric.hosts = std::max(fabric.hosts, place.host + 1);
    fabric.machines = std::max(fabric.machines, place.machine + 1);
  }
  fabric.groups =
      network.kind == NetworkKind::rails ? costs.nics : fabric.group_of(fabric.hosts - 1) + 1;
  constexpr int kMaxGroups = 2048;  // of a dragonfly, which has a link for each pair
  if (network.kind == NetworkKind::dragonfly && fabric.groups > kMaxGroups) {
    fail(ErrorCode::invalid_argument, "{} groups are more than the {} of a dragonfly: larger ones",
         fabric.groups, kMaxGroups);
  }
  add_resources(fabric);
  fabric.shape = make_shape(fabric);
  return fabric;
}

std::vector<Place> even_places(int hosts, int ranks_per_host, int packages_per_host, int nics,
                               int caches_per_package) {
  std::vector<Place> places;
  for (int host = 0; host < hosts; ++host) {
    for (int i = 0; i < ranks_per_host; ++i) {
      const int caches = packages_per_host * caches_per_package;
      const int cache = i * caches / ranks_per_host;
      places.push_back({.cache = host * caches + cache,
                        .package = host * packages_per_host + cache / caches_per_package,
                        .host = host,
                        .machine = host,
                        .nic = i % nics});
    }
  }
  return places;
}

}  // namespace weft::tuner
