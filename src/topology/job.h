// Where every rank of a job sits, as plain data. The same at every rank.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "topology/host.h"
#include "topology/shape.h"

namespace weft::topology {

// Where a rank sits. Numbers are the operating system's; -1: it may run in several, or nobody
// knows.
struct Place {
  int host = 0;  // in Job::hosts
  int package = -1;
  int numa_node = -1;
  int l3 = -1;             // Core::l3
  std::vector<int> cores;  // that it may run on, by Core::id
  // From it to each of its host's nics; 255 where it cannot see the device.
  std::vector<std::uint64_t> nic_distances;
  // Among the ranks of its host to which the same RDMA devices are nearest (without such devices:
  // that sit at the same NUMA node): which one it is, and how many they are.
  int local_index = 0;
  int local_ranks = 1;
  std::vector<int> nics;  // those that it should use, of its host's: RDMA devices (nearest.h)
};

struct Job {
  std::vector<Host> hosts;    // as the lowest rank of each sees it
  std::vector<Place> places;  // by rank
  bool load_store = false;    // ranks of a host map each other's memory
};

// What a rank says of itself.
struct Description {
  Host host;
  // The caller's number for the host: equal for ranks that count as being on one. Any numbers.
  int host_number = 0;
};

// `ranks`: by rank. Hosts are numbered in the order of their lowest ranks.
Job make_job(std::span<const Description> ranks, bool load_store);

// Who sits together, by rank: groups are numbered from 0 in the order of their lowest ranks, and
// each lies inside one of the next wider kind. Where a rank may run in several packages of its
// host, all ranks of that host count as together; where it may run at several L3 caches of its
// package, or nobody knows at which, all ranks of that package do.
struct Nesting {
  std::vector<int> cache;
  std::vector<int> package;
  std::vector<int> host;
};

Nesting nesting_of(const Job& job);

// Bytes of cache that each rank has where most ranks share: its part of an L3 (ranks that are not
// tied to one share all of their host's), or its core's L2 where that is more. 0: unknown.
std::size_t cache_share(const Job& job);

// The view for algorithms: levels "cache", "package" and "host", those that tell something.
Shape make_shape(const Job& job);

}  // namespace weft::topology
