// What the kernel says of network devices and hwloc does not.
#pragma once

#include <filesystem>

#include "topology/host.h"

namespace weft::topology {

// `sys_class` is /sys/class. True where there is any RDMA device. Never throws.
bool has_rdma_device(const std::filesystem::path& sys_class);

// Adds RDMA devices that are on no bus (soft-RoCE; hwloc leaves them out), and the port speeds of
// all devices. Never throws; what cannot be read stays unknown.
void add_from_sysfs(const std::filesystem::path& sys_class, std::vector<Nic>& nics);

}  // namespace weft::topology
