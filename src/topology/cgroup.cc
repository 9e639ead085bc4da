#include "topology/cgroup.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

namespace weft::topology {
namespace {

namespace fs = std::filesystem;

int rounded_up(double quota, double period) {
  if (!(quota > 0) || !(period > 0)) return 0;
  const double processors = quota / period;
  return processors > 1e6 ? 0 : static_cast<int>(std::max(1.0, std::ceil(processors)));
}

double number_in(const fs::path& file) {
  double value = 0;
  return std::ifstream(file) >> value ? value : 0;
}

// Version 2: "max 100000" or "150000 100000" in cpu.max; version 1: two files, quota -1 for none.
int quota_of_group(const fs::path& group) {
  double quota = 0;
  double period = 0;
  if (std::ifstream(group / "cpu.max") >> quota >> period) return rounded_up(quota, period);
  return rounded_up(number_in(group / "cpu.cfs_quota_us"), number_in(group / "cpu.cfs_period_us"));
}

int tighter(int one, int other) {
  return one == 0 || other == 0 ? one + other : std::min(one, other);
}

// A group's own quota and those of the groups above it.
int quota_of_path(const fs::path& mount, const fs::path& group) {
  int tightest = quota_of_group(mount);
  fs::path level = mount;
  for (const fs::path& name : group.relative_path()) {
    level /= name;
    tightest = tighter(tightest, quota_of_group(level));
  }
  return tightest;
}

bool names_cpu(const std::string& controllers) {
  std::istringstream list(controllers);
  for (std::string name; std::getline(list, name, ',');) {
    if (name == "cpu") return true;
  }
  return false;
}

}  // namespace

int quota_processors(const std::string& membership, const fs::path& mount) {
  int tightest = 0;
  std::istringstream lines(membership);
  for (std::string line; std::getline(lines, line);) {
    // "0::/user.slice" (version 2), "4:cpu,cpuacct:/docker/1a2b" (version 1).
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const fs::path group = line.substr(second + 1);
    if (controllers.empty()) {
      tightest = tighter(tightest, quota_of_path(mount, group));
    } else if (names_cpu(controllers)) {
      tightest = tighter(tightest, quota_of_path(mount / controllers, group));
    }
  }
  return tightest;
}

}  // namespace weft::topology
