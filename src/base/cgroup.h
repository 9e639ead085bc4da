// Which control groups hold this process.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace weft {

// The folders of the groups that limit this process by a controller ("cpu", "memory"): from where
// they are mounted down to its own group, of version 2 and of version 1. `membership` is the text
// of /proc/self/cgroup, `mount` where control groups are mounted. Never throws; not every folder
// needs to exist.
std::vector<std::filesystem::path> control_groups(const std::string& membership,
                                                  const std::filesystem::path& mount,
                                                  std::string_view controller);

}  // namespace weft
