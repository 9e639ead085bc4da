#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "topology/job.h"

namespace weft::topology {
namespace {

// Numbers groups from 0 in the order of their lowest ranks.
template <typename KeyOf>
std::vector<int> group_by(const Job& job, KeyOf key_of) {
  std::map<std::pair<int, int>, int> numbers;
  std::vector<int> group;
  for (std::size_t rank = 0; rank < job.places.size(); ++rank) {
    const auto next = static_cast<int>(numbers.size());
    group.push_back(numbers.emplace(key_of(rank), next).first->second);
  }
  return group;
}

// Parts `groups` by what each rank's place says; a group with a rank that cannot say stays whole.
std::vector<int> parted(const Job& job, const std::vector<int>& groups, int Place::* part) {
  std::set<int> undivided;
  for (std::size_t rank = 0; rank < groups.size(); ++rank) {
    if (job.places[rank].*part < 0) undivided.insert(groups[rank]);
  }
  return group_by(job, [&](std::size_t rank) {
    const int group = groups[rank];
    return std::pair(group, undivided.contains(group) ? 0 : job.places[rank].*part);
  });
}

// Neither all together nor each alone.
bool tells_something(const std::vector<int>& group) {
  const int groups = group.empty() ? 0 : *std::ranges::max_element(group) + 1;
  return groups > 1 && groups < static_cast<int>(group.size());
}

}  // namespace

Nesting nesting_of(const Job& job) {
  Nesting nesting;
  nesting.host =
      group_by(job, [&](std::size_t rank) { return std::pair(job.places[rank].host, 0); });
  nesting.package = parted(job, nesting.host, &Place::package);
  nesting.cache = parted(job, nesting.package, &Place::l3);
  return nesting;
}

Shape make_shape(const Job& job) {
  const Nesting nesting = nesting_of(job);
  Shape shape;
  const auto level = [&](const char* name, const std::vector<int>& group,
                         const std::vector<int>& wider) {
    if (group != wider && tells_something(group))
      shape.levels.push_back({name, group, job.load_store});
  };
  level("cache", nesting.cache, nesting.package);
  level("package", nesting.package, nesting.host);
  level("host", nesting.host, {});
  return shape;
}

}  // namespace weft::topology
