#include "algorithms/groups.h"

#include <algorithm>

namespace weft::algorithms {

Groups split(const std::vector<int>& members, const topology::Level& level) {
  Groups groups;
  std::vector<int> number(level.group.size(), -1);  // by group of the level
  for (const int rank : members) {
    int& mine = number[static_cast<std::size_t>(level.group[static_cast<std::size_t>(rank)])];
    if (mine < 0) {
      mine = static_cast<int>(groups.members.size());
      groups.members.emplace_back();
    }
    groups.members[static_cast<std::size_t>(mine)].push_back(rank);
  }
  for (const auto& group : groups.members) groups.sizes.push_back(static_cast<int>(group.size()));
  std::ranges::sort(groups.sizes);
  groups.sizes.erase(std::unique(groups.sizes.begin(), groups.sizes.end()), groups.sizes.end());
  if (!groups.sizes.empty()) {
    groups.smallest = groups.sizes.front();
    groups.largest = groups.sizes.back();
  }
  return groups;
}

Groups::Spot Groups::find(int rank) const {
  for (std::size_t group = 0; group < members.size(); ++group) {
    const auto found = std::ranges::find(members[group], rank);
    if (found != members[group].end())
      return {static_cast<int>(group), static_cast<int>(found - members[group].begin())};
  }
  return {};
}

}  // namespace weft::algorithms
