#include "communicator/job.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>

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
  for (const auto& [host, count] : ranks) sizes.push_back(count);
  return fmt::format("{} rank{} on hosts of {}, {} machine{}, {} core{}{}{}", situation.ranks,
                     situation.ranks == 1 ? "" : "s", fmt::join(sizes, ","), machines,
                     machines == 1 ? "" : "s", situation.cores, situation.cores == 1 ? "" : "s",
                     between.empty() ? "" : ", between them ", between);
}

std::vector<int> machine_numbers(const std::vector<topology::Host>& hosts) {
  std::map<std::string, int> known;
  std::vector<int> numbers;
  for (const topology::Host& host : hosts)
    numbers.push_back(known.emplace(host.machine, static_cast<int>(known.size())).first->second);
  return numbers;
}

}  // namespace

tuner::Situation situation_of(const Job& job) {
  const std::vector<int> hosts = job.router.hosts();
  const Between between = job.router.between();
  tuner::Situation situation;
  situation.ranks = job.world.ranks;
  situation.load_store = between.names.empty();
  situation.crowded = job.world.crowded;
  situation.cores = job.least_cores;
  situation.network = between.cost;
  situation.signals = static_cast<std::size_t>(job.world.layout.slots);
  situation.slot_bytes = job.world.layout.lane_bytes;
  const std::vector<int> machines = machine_numbers(job.hosts);
  std::vector<topology::Description> descriptions;
  for (std::size_t rank = 0; rank < hosts.size(); ++rank)
    descriptions.push_back({job.hosts[rank], hosts[rank]});
  const topology::Job placed = topology::make_job(descriptions, true);
  situation.shape = topology::make_shape(placed);
  std::map<std::pair<int, int>, int> packages;
  for (std::size_t rank = 0; rank < hosts.size(); ++rank) {
    const auto package = packages.emplace(std::pair(hosts[rank], placed.places[rank].package),
                                          static_cast<int>(packages.size()));
    situation.places.push_back(
        {.package = package.first->second, .host = hosts[rank], .machine = machines[rank]});
  }
  situation.name = name_of_job(situation, between.names);
  return situation;
}

topology::Place place_by_machine(const std::vector<topology::Host>& hosts, int rank) {
  const std::vector<int> machines = machine_numbers(hosts);
  std::vector<topology::Description> descriptions;
  for (std::size_t i = 0; i < hosts.size(); ++i) descriptions.push_back({hosts[i], machines[i]});
  return topology::make_job(descriptions, false).places[static_cast<std::size_t>(rank)];
}

}  // namespace weft
