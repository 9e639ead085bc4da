// A collective on the command line.
#pragma once

#include <weft/collective_traits.h>

#include <string>
#include <string_view>

#include "base/error.h"

namespace weft::tools {

// "all_reduce, reduce_scatter, ...".
inline std::string collective_names() {
  std::string names;
  for (const CollectiveTraits& traits : kCollectiveTraits)
    names += (names.empty() ? "" : ", ") + std::string(traits.name);
  return names;
}

// Throws Error(invalid_argument) that names those that exist.
inline Collective collective_named(std::string_view name) {
  const CollectiveTraits* traits = find_collective(name);
  if (traits == nullptr) {
    fail(ErrorCode::invalid_argument, "'{}' is no collective; there are {}", name,
         collective_names());
  }
  return traits->collective;
}

}  // namespace weft::tools
