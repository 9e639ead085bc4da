#include "topology/extract.h"

#include "base/error.h"

#include <algorithm>
#include <memory>
#include <set>

namespace weft::topology {
namespace {

constexpr int kMaxProcessors = 1 << 16;
constexpr unsigned kMaxNumber = 1U << 20;  // of a processor, of a package
constexpr unsigned kMaxNode = 4096;

using Processors = std::unique_ptr<hwloc_bitmap_s, decltype(&hwloc_bitmap_free)>;

template <typename Visit>
void for_each(hwloc_topology_t topology, hwloc_obj_type_t type, Visit visit) {
  hwloc_obj_t object = nullptr;
  while ((object = hwloc_get_next_obj_by_type(topology, type, object)) != nullptr) visit(object);
}

Processors both(hwloc_const_bitmap_t one, hwloc_const_bitmap_t other) {
  Processors result(one != nullptr ? hwloc_bitmap_dup(one) : hwloc_bitmap_alloc_full(),
                    &hwloc_bitmap_free);
  if (!result) fail(ErrorCode::no_resources, "no memory for a set of processors");
  if (other != nullptr) hwloc_bitmap_and(result.get(), result.get(), other);
  return result;
}

void check_processors(hwloc_topology_t topology, hwloc_const_bitmap_t allowed) {
  const hwloc_const_bitmap_t all = hwloc_topology_get_complete_cpuset(topology);
  const int count = all == nullptr ? 0 : hwloc_bitmap_weight(all);
  if (count == 0 || hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU) <= 0)
    fail(ErrorCode::invalid_argument, "it has no processors");
  if (count < 0 || count > kMaxProcessors || hwloc_bitmap_last(all) > static_cast<int>(kMaxNumber))
    fail(ErrorCode::invalid_argument, "it has more than {} processors", kMaxProcessors);
  if (hwloc_bitmap_iszero(allowed) != 0)
    fail(ErrorCode::invalid_argument, "none of its processors may be used");
}

// What shares a cache goes by its first processor.
int cache_of(hwloc_topology_t topology, hwloc_obj_t core, hwloc_obj_type_t type) {
  const hwloc_obj_t cache = hwloc_get_ancestor_obj_by_type(topology, type, core);
  return cache == nullptr ? -1 : hwloc_bitmap_first(cache->complete_cpuset);
}

Core make_core(hwloc_topology_t topology, const Packages& packages, hwloc_obj_t object,
               hwloc_const_bitmap_t allowed, hwloc_const_bitmap_t usable) {
  const auto count = [&](hwloc_const_bitmap_t among) {
    return std::max(0, hwloc_bitmap_weight(both(object->cpuset, among).get()));
  };
  Core core;
  // By its first processor: hwloc's own numbers differ where less is visible.
  core.id = hwloc_bitmap_first(object->complete_cpuset);
  core.package = packages.of(object);
  core.numa_node = object->nodeset == nullptr ? -1 : hwloc_bitmap_first(object->nodeset);
  core.l3 = cache_of(topology, object, HWLOC_OBJ_L3CACHE);
  core.l2 = cache_of(topology, object, HWLOC_OBJ_L2CACHE);
  core.processors = count(nullptr);
  core.allowed = count(allowed);
  core.usable = count(usable);
  return core;
}

void extract_nodes(hwloc_topology_t topology, const Packages& packages, Host& host) {
  const hwloc_const_bitmap_t allowed = hwloc_topology_get_allowed_nodeset(topology);
  for_each(topology, HWLOC_OBJ_NUMANODE, [&](hwloc_obj_t object) {
    if (object->os_index >= kMaxNode) {
      fail(ErrorCode::invalid_argument, "NUMA node {}: numbers end at {}", object->os_index,
           kMaxNode - 1);
    }
    NumaNode node;
    node.id = static_cast<int>(object->os_index);
    node.package = packages.of(object);
    node.bytes = object->attr->numanode.local_memory;
    node.allowed = allowed == nullptr || hwloc_bitmap_isset(allowed, object->os_index) != 0;
    host.nodes.push_back(node);
  });
  std::ranges::sort(host.nodes, {}, &NumaNode::id);
  if (std::ranges::adjacent_find(host.nodes, {}, &NumaNode::id) != host.nodes.end())
    fail(ErrorCode::invalid_argument, "two NUMA nodes have the same number");
}

std::size_t largest_cache(hwloc_topology_t topology, hwloc_obj_type_t type,
                          hwloc_const_bitmap_t processors) {
  std::size_t bytes = 0;
  for_each(topology, type, [&](hwloc_obj_t cache) {
    if (hwloc_bitmap_intersects(cache->cpuset, processors) == 0) return;
    bytes = std::max(bytes, static_cast<std::size_t>(cache->attr->cache.size));
  });
  return bytes;
}

}  // namespace

Packages::Packages(hwloc_topology_t topology) : topology_(topology) {
  std::set<unsigned> numbers;
  std::size_t count = 0;
  for_each(topology, HWLOC_OBJ_PACKAGE, [&](hwloc_obj_t package) {
    ++count;
    if (package->os_index < kMaxNumber) numbers.insert(package->os_index);
  });
  numbered_ = numbers.size() == count;
}

int Packages::of(hwloc_obj_t object) const {
  const hwloc_obj_t package =
      object->type == HWLOC_OBJ_PACKAGE
          ? object
          : hwloc_get_ancestor_obj_by_type(topology_, HWLOC_OBJ_PACKAGE, object);
  if (package == nullptr) return -1;
  return static_cast<int>(numbered_ ? package->os_index : package->logical_index);
}

void extract(hwloc_topology_t topology, hwloc_const_bitmap_t bound, Host& host) {
  const Processors allowed = both(hwloc_topology_get_topology_cpuset(topology),
                                  hwloc_topology_get_allowed_cpuset(topology));
  check_processors(topology, allowed.get());
  const Processors usable = both(allowed.get(), bound);
  const Packages packages(topology);
  // A machine that does not tell of cores: every processor is one.
  const bool cores = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE) > 0;
  for_each(topology, cores ? HWLOC_OBJ_CORE : HWLOC_OBJ_PU, [&](hwloc_obj_t core) {
    if (core->cpuset == nullptr || hwloc_bitmap_iszero(core->cpuset) != 0) return;
    host.present.push_back(make_core(topology, packages, core, allowed.get(), usable.get()));
  });
  extract_nodes(topology, packages, host);
  extract_distances(topology, host);
  host.l2_bytes = largest_cache(topology, HWLOC_OBJ_L2CACHE, usable.get());
  host.l3_bytes = largest_cache(topology, HWLOC_OBJ_L3CACHE, usable.get());
  extract_nics(topology, packages, host);
  if (!packages.numbered())
    host.notes.emplace_back("packages have no numbers or share one; they are counted instead");
}

}  // namespace weft::topology
