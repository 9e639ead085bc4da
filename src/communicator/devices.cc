#include "communicator/devices.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "topology/nearest.h"

namespace weft {

Proposal propose_devices(std::span<const transport::Device> devices, const topology::Host& host) {
  Proposal proposal;
  proposal.priority = std::ranges::max(devices, {}, &transport::Device::priority).priority;
  std::vector<const transport::Device*> best;
  std::vector<int> nodes;
  for (const transport::Device& device : devices) {
    if (device.priority != proposal.priority) continue;
    best.push_back(&device);
    nodes.push_back(device.numa_node);
  }
  const std::vector<int> near = topology::nearest(host, nodes);
  for (const int index : near) {
    proposal.devices += (proposal.devices.empty() ? "" : ",");
    proposal.devices += best[static_cast<std::size_t>(index)]->name;
  }
  if (devices.size() > 1) {
    const int node = nodes[static_cast<std::size_t>(near.front())];
    proposal.reason =
        fmt::format("{} of {} devices are nearest{}: {}", near.size(), devices.size(),
                    node < 0 ? "" : fmt::format(" (NUMA node {})", node), proposal.devices);
  }
  return proposal;
}

}  // namespace weft
