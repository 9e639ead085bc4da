// How much processor time control groups grant this process, as plain data.
#pragma once

#include <filesystem>
#include <string>

namespace weft::topology {

// Processors' worth of time that the CPU quota of the groups in `membership` (the text of
// /proc/self/cgroup) grants, rounded up; 0: no limit. `mount` is where control groups are mounted.
// Never throws; what cannot be read limits nothing.
int quota_processors(const std::string& membership, const std::filesystem::path& mount);

}  // namespace weft::topology
