#include "transport/devices.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "topology/nearest.h"

namespace weft {

Proposal propose_devices(std::span<const transport::Device> devices, const topology::Host& host,
                         int local_index, int local_ranks) {
  Proposal proposal;
  proposal.priority = std::ranges::max(devices, {}, &transport::Device::priority).priority;
  std::vector<const transport::Device*> best;
  std::vector<int> nodes;
  for (const transport::Device& device : devices) {
    if (device.priority != proposal.priority) continue;
    best.push_back(&device);
    nodes.push_back(device.numa_node);
  }
  const auto distances = topology::distances_to(host, nodes);
  const std::vector<int> near = topology::choose_nics(distances);
  for (const int index : topology::choose_nics(distances, local_index, local_ranks)) {
    proposal.devices += (proposal.devices.empty() ? "" : ",");
    proposal.devices += best[static_cast<std::size_t>(index)]->name;
  }
  if (devices.size() > 1) {
    const int node = nodes[static_cast<std::size_t>(near.front())];
    proposal.reason =
        fmt::format("{} of {} devices are nearest{}{}: {}", near.size(), devices.size(),
                    node < 0 ? "" : fmt::format(" (NUMA node {})", node),
                    local_ranks > 1 ? fmt::format(", spread over {} ranks", local_ranks) : "",
                    proposal.devices);
  }
  return proposal;
}

}  // namespace weft
