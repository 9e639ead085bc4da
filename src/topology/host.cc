#include "topology/host.h"

#include "topology/cgroup.h"

#include <hwloc.h>
#include <sys/utsname.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <sstream>

namespace weft::topology {
namespace {

struct Topology {
  // Processors, cores, memory and caches; no I/O devices, which take time to find.
  Topology() {
    initialized = hwloc_topology_init(&handle) == 0;
    loaded = initialized &&
             hwloc_topology_set_io_types_filter(handle, HWLOC_TYPE_FILTER_KEEP_NONE) == 0 &&
             hwloc_topology_load(handle) == 0;
  }
  ~Topology() {
    if (initialized) hwloc_topology_destroy(handle);
  }
  Topology(const Topology&) = delete;
  Topology& operator=(const Topology&) = delete;

  hwloc_topology_t handle = nullptr;
  bool initialized = false;
  bool loaded = false;
};

using Processors = std::unique_ptr<hwloc_bitmap_s, decltype(&hwloc_bitmap_free)>;

// What the control group allows and the binding keeps.
Processors usable_processors(hwloc_topology_t topology) {
  Processors usable(hwloc_bitmap_dup(hwloc_topology_get_allowed_cpuset(topology)),
                    &hwloc_bitmap_free);
  const Processors bound(hwloc_bitmap_alloc(), &hwloc_bitmap_free);
  if (usable && bound && hwloc_get_cpubind(topology, bound.get(), HWLOC_CPUBIND_PROCESS) == 0) {
    hwloc_bitmap_and(usable.get(), usable.get(), bound.get());
  }
  return usable;
}

// Objects of a type that have at least one of `processors`.
int count(hwloc_topology_t topology, hwloc_obj_type_t type, hwloc_const_bitmap_t processors) {
  int found = 0;
  for (hwloc_obj_t object = nullptr;
       (object = hwloc_get_next_obj_by_type(topology, type, object)) != nullptr;) {
    found += hwloc_bitmap_intersects(object->cpuset, processors);
  }
  return found;
}

std::vector<int> core_ids(hwloc_topology_t topology, hwloc_const_bitmap_t processors) {
  std::vector<int> ids;
  for (hwloc_obj_t core = nullptr;
       (core = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_CORE, core)) != nullptr;) {
    // By its first processor: hwloc's own numbers differ where less is visible.
    if (hwloc_bitmap_intersects(core->cpuset, processors) != 0) {
      ids.push_back(hwloc_bitmap_first(core->complete_cpuset));
    }
  }
  return ids;
}

std::size_t largest_cache(hwloc_topology_t topology, hwloc_obj_type_t type,
                          hwloc_const_bitmap_t processors) {
  std::size_t bytes = 0;
  for (hwloc_obj_t cache = nullptr;
       (cache = hwloc_get_next_obj_by_type(topology, type, cache)) != nullptr;) {
    if (hwloc_bitmap_intersects(cache->cpuset, processors) == 0) continue;
    bytes = std::max(bytes, static_cast<std::size_t>(cache->attr->cache.size));
  }
  return bytes;
}

// The firmware's table of distances, or null; released with hwloc_distances_release.
hwloc_distances_s* distance_table(hwloc_topology_t topology) {
  hwloc_distances_s* table = nullptr;
  unsigned count = 1;
  const int failed = hwloc_distances_get_by_type(topology, HWLOC_OBJ_NUMANODE, &count, &table,
                                                 HWLOC_DISTANCES_KIND_MEANS_LATENCY, 0);
  return failed == 0 && count > 0 ? table : nullptr;
}

// Without a table, the own nodes are near and the others twice as far, as operating systems say.
std::vector<std::uint64_t> numa_distances(hwloc_topology_t topology,
                                          hwloc_const_bitmap_t processors) {
  constexpr std::uint64_t kNear = 10;
  constexpr std::uint64_t kOther = 20;
  constexpr std::uint64_t kNone = 255;
  std::vector<hwloc_obj_t> nodes;
  for (hwloc_obj_t node = nullptr;
       (node = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, node)) != nullptr;)
    nodes.push_back(node);
  hwloc_distances_s* table = distance_table(topology);
  const auto between = [&](hwloc_obj_t from, hwloc_obj_t to) -> std::uint64_t {
    hwloc_uint64_t there = 0;
    hwloc_uint64_t back = 0;
    if (table == nullptr || hwloc_distances_obj_pair_values(table, from, to, &there, &back) != 0)
      return from == to ? kNear : kOther;
    return there;
  };
  std::vector<std::uint64_t> distances;
  for (const hwloc_obj_t to : nodes) {
    distances.resize(std::max<std::size_t>(distances.size(), to->os_index + 1), kNone);
    for (const hwloc_obj_t from : nodes) {
      if (hwloc_bitmap_intersects(from->cpuset, processors) == 0) continue;
      distances[to->os_index] = std::min(distances[to->os_index], between(from, to));
    }
  }
  if (table != nullptr) hwloc_distances_release(topology, table);
  return distances;
}

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

}  // namespace

Host probe_host() {
  Host host;
  host.machine = machine();
  const Topology topology;
  if (!topology.loaded) return host;
  const Processors usable = usable_processors(topology.handle);
  if (!usable) return host;
  host.processors = std::max(1, hwloc_bitmap_weight(usable.get()));
  host.core_ids = core_ids(topology.handle, usable.get());
  host.cores = host.core_ids.empty() ? host.processors : static_cast<int>(host.core_ids.size());
  host.quota = quota();
  if (host.quota > 0) {
    host.processors = std::min(host.processors, host.quota);
    host.cores = std::min(host.cores, host.quota);
  }
  host.numa_nodes = std::max(1, count(topology.handle, HWLOC_OBJ_NUMANODE, usable.get()));
  host.numa_distances = numa_distances(topology.handle, usable.get());
  host.l2_bytes = largest_cache(topology.handle, HWLOC_OBJ_L2CACHE, usable.get());
  host.l3_bytes = largest_cache(topology.handle, HWLOC_OBJ_L3CACHE, usable.get());
  return host;
}

}  // namespace weft::topology
