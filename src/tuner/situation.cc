#include "tuner/situation.h"

namespace weft::tuner {
namespace {

Link network_link(const transport::RoughCost& cost) {
  Link link;
  link.latency_ns = cost.latency_ns;
  link.send_ns = link.receive_ns = cost.message_ns;
  link.send_ns_per_byte = link.receive_ns_per_byte = cost.processor_ns_per_byte;
  link.ns_per_byte = cost.wire_ns_per_byte;
  return link;
}

}  // namespace

Fabric fabric_of(const Situation& situation, const Measured* measured) {
  Costs costs;
  costs.cores = situation.cores;
  costs.compute.cache_bytes = situation.cached_bytes;
  if (situation.network.latency_ns > 0) {
    costs.network = network_link(situation.network);
    costs.nic_ns_per_byte = costs.network.ns_per_byte;
  }
  if (measured != nullptr) {
    for (const Relation relation : kRelations) {
      const auto found = measured->links.find(name_of(relation));
      if (found != measured->links.end()) costs.link(relation) = found->second;
    }
    if (measured->links.contains("network")) costs.nic_ns_per_byte = costs.network.ns_per_byte;
    costs.switch_ns = measured->switch_ns.value_or(costs.switch_ns);
  }
  return make_fabric(situation.places, costs, Network{});
}

}  // namespace weft::tuner
