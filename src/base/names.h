// Lists of names, as settings hold them.
#pragma once

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

namespace weft {

// The names of a comma-separated list.
inline std::vector<std::string> names_in(const std::string& list) {
  std::vector<std::string> names;
  std::istringstream text(list);
  for (std::string name; std::getline(text, name, ',');) names.push_back(name);
  return names;
}

inline bool named_in(const std::string& list, const std::string& name) {
  return std::ranges::count(names_in(list), name) > 0;
}

}  // namespace weft
