#include "topology/sysfs.h"

#include <algorithm>
#include <fstream>
#include <system_error>

namespace weft::topology {
namespace {

namespace fs = std::filesystem;

// The names in a folder, sorted; none where it cannot be read.
std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error))
    names.push_back(entry->path().filename());
  std::ranges::sort(names);
  return names;
}

// "100 Gb/sec (4X EDR)" of an RDMA port, "25000" (megabits) of an interface; 0 where unknown.
double number_in(const fs::path& file) {
  double value = 0;
  return std::ifstream(file) >> value && value > 0 ? value : 0;
}

double port_gbit_s(const fs::path& sys_class, const Nic& nic) {
  double fastest = 0;
  const fs::path ports = sys_class / "infiniband" / nic.name / "ports";
  if (!nic.name.empty()) {
    for (const std::string& port : names_in(ports))
      fastest = std::max(fastest, number_in(ports / port / "rate"));
  }
  if (fastest > 0 || nic.interface.empty()) return fastest;
  return number_in(sys_class / "net" / nic.interface / "speed") / 1000;
}

}  // namespace

bool has_rdma_device(const fs::path& sys_class) {
  return !names_in(sys_class / "infiniband").empty();
}

void add_from_sysfs(const fs::path& sys_class, std::vector<Nic>& nics) {
  for (const std::string& name : names_in(sys_class / "infiniband")) {
    if (std::ranges::find(nics, name, &Nic::name) != nics.end()) continue;
    nics.emplace_back().name = name;
  }
  for (Nic& nic : nics) nic.port_gbit_s = port_gbit_s(sys_class, nic);
}

}  // namespace weft::topology
