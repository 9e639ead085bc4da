#include "machine.h"

#include "names.h"
#include "topology/nearest.h"
#include "topology/spread.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::tools {
namespace {

// The ranks of one host.
std::vector<topology::Host> seat(const topology::Host& host, int ranks) {
  if (ranks == 0 || host.core_ids.empty())
    return std::vector<topology::Host>(static_cast<std::size_t>(std::max(ranks, 1)), host);
  std::vector<topology::Host> seated;
  for (const std::vector<int>& cores : topology::spread(host, ranks))
    seated.push_back(topology::seen_from(host, cores));
  return seated;
}

}  // namespace

Machine make_machine(const MachineOptions& options) {
  using Devices = topology::ProbeOptions::Devices;
  const topology::Host host =
      topology::probe_host({.source = options.source, .devices = Devices::look});
  const std::vector<topology::Host> seated = seat(host, options.ranks);
  std::vector<topology::Description> ranks;
  for (int number = 0; number < options.hosts; ++number) {
    for (const topology::Host& rank : seated) ranks.push_back({rank, number});
  }
  Machine machine;
  machine.title = options.source.empty() ? "this host" : options.source;
  if (options.hosts > 1) machine.title += fmt::format(", {} times", options.hosts);
  machine.job = topology::make_job(ranks, true);
  machine.shape = topology::make_shape(machine.job);
  return machine;
}

std::string why(const topology::Job& job, int rank) {
  const topology::Place& place = job.places[static_cast<std::size_t>(rank)];
  const topology::Host& host = job.hosts[static_cast<std::size_t>(place.host)];
  const auto devices =
      std::ranges::count_if(host.nics, [](const auto& n) { return !n.name.empty(); });
  if (devices == 0) return "there is no RDMA device";
  if (place.nics.empty()) return "it sees none of the RDMA devices";
  const std::uint64_t distance = place.nic_distances[static_cast<std::size_t>(place.nics.front())];
  std::ptrdiff_t near = 0;
  for (std::size_t i = 0; i < host.nics.size(); ++i)
    near += !host.nics[i].name.empty() && place.nic_distances[i] == distance ? 1 : 0;
  std::string sentence = near == devices
                             ? fmt::format("{} equally near", count_of(devices, "device"))
                             : fmt::format("{} of {} nearest", near, count_of(devices, "device"));
  sentence += fmt::format(" (distance {})", distance);
  if (place.local_ranks > 1) sentence += fmt::format(", spread over {} ranks", place.local_ranks);
  return sentence;
}

}  // namespace weft::tools
