#include "topology/cgroup.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include "base/cgroup.h"

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

}  // namespace

int quota_processors(const std::string& membership, const fs::path& mount) {
  int tightest = 0;
  for (const fs::path& group : control_groups(membership, mount, "cpu"))
    tightest = tighter(tightest, quota_of_group(group));
  return tightest;
}

}  // namespace weft::topology
