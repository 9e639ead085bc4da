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
  std::map<std::string, int> numbers;
  for (const std::string& machine : job.machines)
    numbers.emplace(machine, static_cast<int>(numbers.size()));
  for (std::size_t rank = 0; rank < hosts.size(); ++rank) {
    situation.places.push_back(
        {.package = hosts[rank], .host = hosts[rank], .machine = numbers.at(job.machines[rank])});
  }
  const int count = *std::ranges::max_element(hosts) + 1;
  if (count > 1 && count < situation.ranks) situation.shape.levels.push_back({"host", hosts, true});
  situation.name = name_of_job(situation, between.names);
  return situation;
}

}  // namespace weft
