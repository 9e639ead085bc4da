#include "topology/load.h"

#include "base/error.h"

#include <climits>

namespace weft::topology {
namespace {

Topology make(bool devices) {
  hwloc_topology_t handle = nullptr;
  if (hwloc_topology_init(&handle) != 0) return nullptr;
  Topology topology(handle);
  hwloc_topology_set_flags(handle, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
  hwloc_topology_set_io_types_filter(
      handle, devices ? HWLOC_TYPE_FILTER_KEEP_IMPORTANT : HWLOC_TYPE_FILTER_KEEP_NONE);
  if (!devices) return topology;
  hwloc_topology_set_type_filter(handle, HWLOC_OBJ_BRIDGE, HWLOC_TYPE_FILTER_KEEP_NONE);
  // What looks for GPUs takes time and may load their drivers. "pci" loses 600 KB of names at each
  // load; without it hwloc reads the buses from sysfs.
  for (const char* component : {"cuda", "gl", "levelzero", "nvml", "opencl", "pci", "rsmi"})
    hwloc_topology_set_components(handle, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, component);
  return topology;
}

Topology make_for_description() {
  Topology topology = make(true);
  if (!topology) fail(ErrorCode::no_resources, "hwloc cannot make a topology");
  return topology;
}

}  // namespace

Topology load_this_host(bool devices) {
  Topology topology = make(devices);
  if (topology && hwloc_topology_load(topology.get()) != 0) topology.reset();
  return topology;
}

Topology load_xml(const std::string& text) {
  Topology topology = make_for_description();
  if (text.size() >= INT_MAX ||
      hwloc_topology_set_xmlbuffer(topology.get(), text.c_str(),
                                   static_cast<int>(text.size() + 1)) != 0 ||
      hwloc_topology_load(topology.get()) != 0) {
    fail(ErrorCode::invalid_argument, "not a topology that hwloc reads");
  }
  return topology;
}

Topology load_synthetic(const std::string& description) {
  Topology topology = make_for_description();
  if (hwloc_topology_set_synthetic(topology.get(), description.c_str()) != 0 ||
      hwloc_topology_load(topology.get()) != 0) {
    fail(ErrorCode::invalid_argument,
         "not in hwloc's synthetic notation, e.g. \"package:2 l3:4 core:8 pu:2\"");
  }
  return topology;
}

}  // namespace weft::topology
