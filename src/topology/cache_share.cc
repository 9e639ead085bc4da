#include <algorithm>
#include <map>
#include <set>

#include "topology/job.h"

namespace weft::topology {
namespace {

std::size_t count_l3(const Host& host) {
  std::set<int> found;
  for (const Core& core : host.present) found.insert(core.l3);
  return std::max<std::size_t>(found.size(), 1);
}

// Ranks that share one L3, or those of a package or host that nobody ties to one.
struct Sharers {
  std::size_t ranks = 0;
  bool tied = true;
};

}  // namespace

std::size_t cache_share(const Job& job) {
  const Nesting nesting = nesting_of(job);
  std::map<int, Sharers> groups;
  for (std::size_t rank = 0; rank < job.places.size(); ++rank) {
    Sharers& sharers = groups[nesting.cache[rank]];
    ++sharers.ranks;
    sharers.tied = sharers.tied && job.places[rank].l3 >= 0;
  }
  std::size_t least = 0;
  for (std::size_t rank = 0; rank < job.places.size(); ++rank) {
    const Host& host = job.hosts[static_cast<std::size_t>(job.places[rank].host)];
    const Sharers& sharers = groups[nesting.cache[rank]];
    const std::size_t caches = sharers.tied ? 1 : count_l3(host);
    const std::size_t share = std::max(host.l3_bytes * caches / sharers.ranks, host.l2_bytes);
    if (share == 0) return 0;
    least = least == 0 ? share : std::min(least, share);
  }
  return least;
}

}  // namespace weft::topology
