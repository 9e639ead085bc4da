#include "topology/job.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "topology/nearest.h"
#include "topology/summary.h"

namespace weft::topology {
namespace {

// What all usable cores have in common; -1 where they differ.
int common(const Host& host, int Core::* part) {
  int value = -1;
  bool first = true;
  for (const Core& core : host.present) {
    if (core.usable == 0) continue;
    if (!first && core.*part != value) return -1;
    value = core.*part;
    first = false;
  }
  return value;
}

bool same_device(const Nic& one, const Nic& other) {
  return one.name == other.name && one.interface == other.interface && one.bus == other.bus;
}

// `seen`: the rank's own description of its host; `shared`: the one that stands in the job.
Place make_place(const Host& seen, const Host& shared) {
  Place place;
  place.package = common(seen, &Core::package);
  place.numa_node = common(seen, &Core::numa_node);
  place.l3 = common(seen, &Core::l3);
  place.cores = seen.core_ids;
  for (const Nic& nic : shared.nics) {
    const auto own =
        std::ranges::find_if(seen.nics, [&](const Nic& n) { return same_device(n, nic); });
    place.nic_distances.push_back(own == seen.nics.end() ? kFar : own->distance);
  }
  return place;
}

// Indices of RDMA devices that a rank can see, and how far they are.
struct Candidates {
  std::vector<int> nics;
  std::vector<std::uint64_t> distances;
};

Candidates candidates(const Place& place, const Host& host) {
  Candidates found;
  for (std::size_t i = 0; i < host.nics.size(); ++i) {
    if (host.nics[i].name.empty() || place.nic_distances[i] == kFar) continue;
    found.nics.push_back(static_cast<int>(i));
    found.distances.push_back(place.nic_distances[i]);
  }
  return found;
}

std::vector<int> chosen(const Place& place, const Host& host) {
  const Candidates from = candidates(place, host);
  std::vector<int> nics;
  for (const int index : choose_nics(from.distances, place.local_index, place.local_ranks))
    nics.push_back(from.nics[static_cast<std::size_t>(index)]);
  return nics;
}

// Ranks that are as near to the same devices share these.
void share_nics(Job& job) {
  using Key = std::tuple<int, std::vector<int>, int>;
  std::map<Key, std::vector<Place*>> sharers;
  for (Place& place : job.places) {
    const std::vector<int> nearest = chosen(place, job.hosts[static_cast<std::size_t>(place.host)]);
    sharers[{place.host, nearest, nearest.empty() ? place.numa_node : -1}].push_back(&place);
  }
  for (const auto& [key, places] : sharers) {
    for (std::size_t i = 0; i < places.size(); ++i) {
      Place& place = *places[i];
      place.local_index = static_cast<int>(i);
      place.local_ranks = static_cast<int>(places.size());
      place.nics = chosen(place, job.hosts[static_cast<std::size_t>(place.host)]);
    }
  }
}

}  // namespace

Job make_job(std::span<const Description> ranks, bool load_store) {
  Job job;
  job.load_store = load_store;
  std::map<int, int> numbers;
  for (const Description& rank : ranks) {
    const auto [known, added] =
        numbers.emplace(rank.host_number, static_cast<int>(job.hosts.size()));
    if (added) job.hosts.push_back(rank.host);
    Place place = make_place(rank.host, job.hosts[static_cast<std::size_t>(known->second)]);
    place.host = known->second;
    job.places.push_back(std::move(place));
  }
  share_nics(job);
  return job;
}

}  // namespace weft::topology
