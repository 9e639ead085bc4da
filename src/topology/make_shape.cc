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
  for (const Place& place : job.places) {
    const auto next = static_cast<int>(numbers.size());
    group.push_back(numbers.emplace(key_of(place), next).first->second);
  }
  return group;
}

// Neither all together nor each alone.
bool tells_something(const std::vector<int>& group) {
  const int groups = group.empty() ? 0 : *std::ranges::max_element(group) + 1;
  return groups > 1 && groups < static_cast<int>(group.size());
}

}  // namespace

Shape make_shape(const Job& job) {
  std::set<int> undivided;  // hosts where a rank may run in several packages
  for (const Place& place : job.places) {
    if (place.package < 0) undivided.insert(place.host);
  }
  const auto hosts = group_by(job, [](const Place& p) { return std::pair(p.host, 0); });
  const auto packages = group_by(job, [&](const Place& p) {
    return std::pair(p.host, undivided.contains(p.host) ? 0 : p.package);
  });
  Shape shape;
  if (packages != hosts && tells_something(packages))
    shape.levels.push_back({"package", packages, job.load_store});
  if (tells_something(hosts)) shape.levels.push_back({"host", hosts, job.load_store});
  return shape;
}

}  // namespace weft::topology
