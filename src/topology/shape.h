// Which ranks of a job are near each other, as algorithms and the cost model see it: groups within
// groups. Plain data, the same at every rank.
#pragma once

#include <string>
#include <vector>

namespace weft::topology {

// One way of telling near from far. Every rank is in one group.
struct Level {
  std::string name;        // for people: "cache", "package", "host", "switch", "site"
  std::vector<int> group;  // by rank; groups are numbered from 0 in the order of their lowest ranks
  bool load_store = false;  // ranks of one group map each other's memory
};

// From the innermost level outwards. Every group of a level lies inside one group of the next, and
// no two levels are alike. Levels that tell nothing (one group, or every rank alone) are left out:
// no level means that all ranks are equally far.
struct Shape {
  std::vector<Level> levels;
};

}  // namespace weft::topology
