#include "topology/host.h"

#include <sys/utsname.h>

#include <fstream>
#include <memory>
#include <sstream>

#include "base/error.h"
#include "topology/cgroup.h"
#include "topology/described.h"
#include "topology/extract.h"
#include "topology/load.h"
#include "topology/summary.h"
#include "topology/sysfs.h"

namespace weft::topology {
namespace {

constexpr const char* kSysClass = "/sys/class";

int quota() {
  std::ostringstream membership;
  membership << std::ifstream("/proc/self/cgroup").rdbuf();
  return quota_processors(membership.str(), "/sys/fs/cgroup");
}

// The kernel's own name for this boot; the host's where there is no /proc.
std::string machine() {
  std::string id;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), id);
  utsname system{};
  if (id.empty() && uname(&system) == 0) id = system.nodename;
  return id;
}

Host probe_this_host(bool devices) {
  Host host;
  const Topology topology = load_this_host(devices);
  if (!topology) return host;
  const std::unique_ptr<hwloc_bitmap_s, decltype(&hwloc_bitmap_free)> bound(hwloc_bitmap_alloc(),
                                                                            &hwloc_bitmap_free);
  const bool known =
      bound && hwloc_get_cpubind(topology.get(), bound.get(), HWLOC_CPUBIND_PROCESS) == 0;
  try {
    extract(topology.get(), known ? bound.get() : nullptr, host);
  } catch (const std::exception& error) {
    host = {};
    host.notes.emplace_back(error.what());
  }
  if (devices) add_from_sysfs(kSysClass, host.nics);
  host.quota = quota();
  summarize(host);
  return host;
}

}  // namespace

Host probe_host(const ProbeOptions& options) {
  const bool devices = options.devices == ProbeOptions::Devices::look || has_rdma_device(kSysClass);
  Host host = options.source.empty() ? probe_this_host(devices) : read_described(options.source);
  host.machine = machine();
  if (options.cores.empty()) return host;
  try {
    return seen_from(host, options.cores);
  } catch (const Error& error) {
    fail(error.code(), "topology {}: {}", options.source.empty() ? "of this host" : options.source,
         error.what());
  }
}

}  // namespace weft::topology
