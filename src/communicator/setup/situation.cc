#include "communicator/setup/situation.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "topology/job.h"

namespace weft {
namespace {

// "8 ranks on hosts of 2,2,2,2, 1 machine, 2 cores, ucx between".
std::string name_of_job(const tuner::Situation& situation, const std::string& between) {
  std::map<int, int> ranks;
  int machines = 0;
  for (const tuner::Place& place : situation.places) {
    ++ranks[place.host];
    machines = std::max(machines, place.machine + 1);
  }
  std::vector<int> sizes;
  sizes.reserve(ranks.size());
  for (const auto& [host, count] : ranks) sizes.push_back(count);
  return fmt::format("{} rank{} on hosts of {}, {} machine{}, {} core{}{}{}", situation.ranks,
                     situation.ranks == 1 ? "" : "s", fmt::join(sizes, ","), machines,
                     machines == 1 ? "" : "s", situation.cores, situation.cores == 1 ? "" : "s",
                     between.empty() ? "" : ", between them ", between);
}

}  // namespace

tuner::Situation situation_of(const Connections& connections, std::span<const int> peers,
                              const memory::SegmentLayout& layout) {
  const std::vector<int> on_host = connections.router().hosts(peers);
  const Between between = connections.router().between(peers);
  std::vector<topology::Host> hosts;
  for (const int peer : peers) hosts.push_back(connections.hosts()[static_cast<std::size_t>(peer)]);
  tuner::Situation situation;
  situation.ranks = static_cast<int>(peers.size());
  situation.load_store = between.names.empty();
  // Whoever else runs there wants the same cores.
  situation.crowded = connections.machines().any_crowded();
  situation.cores = connections.machines().least_cores();
  situation.network = between.cost;
  situation.signals = static_cast<std::size_t>(layout.slots);
  situation.slot_bytes = layout.lane_bytes;
  const std::vector<int> machines = machine_numbers(hosts);
  std::vector<topology::Description> descriptions;
  descriptions.reserve(hosts.size());
  for (std::size_t rank = 0; rank < hosts.size(); ++rank)
    descriptions.push_back({hosts[rank], on_host[rank]});
  const topology::Job placed = topology::make_job(descriptions, true);
  situation.shape = topology::make_shape(placed);
  const topology::Nesting nesting = topology::nesting_of(placed);
  for (std::size_t rank = 0; rank < hosts.size(); ++rank) {
    situation.places.push_back({.cache = nesting.cache[rank],
                                .package = nesting.package[rank],
                                .host = nesting.host[rank],
                                .machine = machines[rank]});
  }
  // What fits has an input, an output and slots there.
  if (const std::size_t share = topology::cache_share(placed); share > 0)
    situation.cached_bytes = share / 4;
  situation.name = name_of_job(situation, between.names);
  return situation;
}

}  // namespace weft
