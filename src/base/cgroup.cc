#include "base/cgroup.h"

#include <sstream>

#include "base/names.h"

namespace weft {
namespace {

namespace fs = std::filesystem;

void add_levels(const fs::path& mount, const fs::path& group, std::vector<fs::path>& folders) {
  folders.push_back(mount);
  for (const fs::path& name : group.relative_path()) folders.push_back(folders.back() / name);
}

}  // namespace

std::vector<fs::path> control_groups(const std::string& membership, const fs::path& mount,
                                     std::string_view controller) {
  std::vector<fs::path> folders;
  std::istringstream lines(membership);
  for (std::string line; std::getline(lines, line);) {
    // "0::/user.slice" (version 2), "4:cpu,cpuacct:/docker/1a2b" (version 1).
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const fs::path group = line.substr(second + 1);
    if (controllers.empty()) {
      add_levels(mount, group, folders);
    } else if (named_in(controllers, std::string(controller))) {
      add_levels(mount / controllers, group, folders);
    }
  }
  return folders;
}

}  // namespace weft
