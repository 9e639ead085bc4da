#include "machine.h"

#include <algorithm>

namespace weft::tools {
namespace {

using nlohmann::ordered_json;

template <typename Number>
ordered_json known(Number value, bool is_known) {
  return is_known ? ordered_json(value) : ordered_json(nullptr);
}

ordered_json number(int value) { return known(value, value >= 0); }

ordered_json text(const std::string& value) { return known(value, !value.empty()); }

ordered_json to_json(const topology::Host& host) {
  ordered_json cores = ordered_json::array();
  for (const topology::Core& core : host.present) {
    cores.push_back({{"id", core.id},
                     {"package", number(core.package)},
                     {"numa_node", number(core.numa_node)},
                     {"l3", number(core.l3)},
                     {"l2", number(core.l2)},
                     {"processors", core.processors},
                     {"allowed", core.allowed}});
  }
  ordered_json nodes = ordered_json::array();
  for (const topology::NumaNode& node : host.nodes) {
    nodes.push_back({{"id", node.id},
                     {"package", number(node.package)},
                     {"bytes", known(node.bytes, node.bytes > 0)},
                     {"allowed", node.allowed}});
  }
  ordered_json nics = ordered_json::array();
  for (const topology::Nic& nic : host.nics) {
    nics.push_back({{"name", text(nic.name)},
                    {"interface", text(nic.interface)},
                    {"bus", text(nic.bus)},
                    {"package", number(nic.package)},
                    {"numa_node", number(nic.numa_node)},
                    {"port_gbit_s", known(nic.port_gbit_s, nic.port_gbit_s > 0)},
                    {"bus_gbyte_s", known(nic.bus_gbyte_s, nic.bus_gbyte_s > 0)}});
  }
  return {{"cores", cores},
          {"quota", known(host.quota, host.quota > 0)},
          {"l2_bytes", known(host.l2_bytes, host.l2_bytes > 0)},
          {"l3_bytes", known(host.l3_bytes, host.l3_bytes > 0)},
          {"numa_nodes", nodes},
          {"numa_distances", host.node_distances},
          {"nics", nics},
          {"notes", host.notes}};
}

ordered_json rank_to_json(const topology::Job& job, std::size_t rank) {
  const topology::Place& place = job.places[rank];
  const topology::Host& host = job.hosts[static_cast<std::size_t>(place.host)];
  ordered_json nics = ordered_json::array();
  for (const int nic : place.nics) {
    const auto index = static_cast<std::size_t>(nic);
    nics.push_back({{"name", host.nics[index].name}, {"distance", place.nic_distances[index]}});
  }
  return {{"rank", rank},
          {"host", place.host},
          {"package", number(place.package)},
          {"numa_node", number(place.numa_node)},
          {"l3", number(place.l3)},
          {"cores", place.cores},
          {"nics", nics},
          {"why", why(job, static_cast<int>(rank))}};
}

}  // namespace

ordered_json to_json(const Machine& machine) {
  ordered_json hosts = ordered_json::array();
  for (const topology::Host& host : machine.job.hosts) hosts.push_back(to_json(host));
  ordered_json ranks = ordered_json::array();
  for (std::size_t rank = 0; rank < machine.job.places.size(); ++rank)
    ranks.push_back(rank_to_json(machine.job, rank));
  ordered_json levels = ordered_json::array();
  for (const topology::Level& level : machine.shape.levels) {
    levels.push_back(
        {{"name", level.name}, {"group", level.group}, {"load_store", level.load_store}});
  }
  return {{"title", machine.title}, {"hosts", hosts}, {"ranks", ranks}, {"levels", levels}};
}

}  // namespace weft::tools
