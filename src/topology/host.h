// What hwloc says about a host, as plain data: this host, or another one that was described.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace weft::topology {

// A physical core. Numbers are the operating system's; -1: unknown or none.
struct Core {
  int id = 0;  // its first processor: the same in every process of the host
  int package = -1;
  int numa_node = -1;  // the memory beside it
  int l3 = -1;         // the first core among those that share its L3
  int l2 = -1;         // the same of its L2
  int processors = 1;  // logical processors it has
  int allowed = 0;     // of them, those that the control group allows
  int usable = 0;      // of them, those that this process may run on as well (its binding)
  bool operator==(const Core&) const = default;
};

// Memory, mostly with cores beside it.
struct NumaNode {
  int id = 0;  // the operating system's number
  int package = -1;
  std::uint64_t bytes = 0;  // 0: unknown
  bool allowed = true;      // the control group allows its memory
  bool operator==(const NumaNode&) const = default;
};

// A network device.
struct Nic {
  std::string name = {};        // as an RDMA device, e.g. "mlx5_0"; empty: it is none
  std::string interface = {};   // as a network interface, e.g. "ib0"; empty: it has none
  std::string bus = {};         // e.g. "0000:17:00.0"; empty: on no PCI bus
  int numa_node = -1;           // it is attached to; -1: unknown, or to several
  int package = -1;             // the same
  double port_gbit_s = 0;       // of its fastest port; 0: unknown
  double bus_gbyte_s = 0;       // of its PCI link; 0: unknown
  std::uint64_t distance = 10;  // from this process, as in Host::numa_distances
  bool operator==(const Nic&) const = default;
};

struct Host {
  // The same for all processes that share this machine's cores, containers too, and for no others.
  std::string machine;
  int cores = 1;              // physical cores this process may run on (its binding, its cgroup)
  int processors = 1;         // logical processors it may run on
  std::vector<int> core_ids;  // of those cores, numbered alike in every process of the host
  int quota = 0;              // processors that its control group may use in all; 0: no limit
  int numa_nodes = 1;         // beside those cores
  // From the cores of this process (the nearest of them) to each NUMA node, by the node's number in
  // the operating system; 10 is near, 255: there is no such node. Empty: unknown.
  std::vector<std::uint64_t> numa_distances;
  std::size_t l2_bytes = 0;  // of one core; 0: unknown
  std::size_t l3_bytes = 0;  // the largest L3; 0: none or unknown

  std::vector<Core> present;    // all that can be seen, neighbours side by side
  std::vector<NumaNode> nodes;  // by number
  // From each of `nodes` to each, row by row. Empty where the host came over the wire (pack.h).
  std::vector<std::uint64_t> node_distances;
  std::vector<Nic> nics;           // in the order of the bus; empty also where nobody looked
  std::vector<std::string> notes;  // what was contradictory and what was taken instead, for people
};

struct ProbeOptions {
  // "": this host. "synthetic:package:2 l3:4 core:8 pu:2": a host in hwloc's synthetic notation.
  // Else the path of an XML file of hwloc (`lstopo machine.xml`). [WEFT_TOPOLOGY_XML]
  std::string source = {};
  // The cores that the process may use, by Core::id. Empty: its binding; on a described host
  // everything that is allowed there.
  std::vector<int> cores = {};
  // Finding devices takes hwloc some 10 ms. `automatic`: where this host has an RDMA device, and
  // for described hosts.
  enum class Devices { automatic, look } devices = Devices::automatic;
};

// Without a source and cores, probes this host and never throws: what is unknown keeps its default.
// A described host has no quota, and `machine` stays this one's, since its ranks run here. Throws
// Error(invalid_argument) naming the source and what is wrong with it, or the core that is not
// there; a described host is read in a child process that may crash or hang, with a deadline.
Host probe_host(const ProbeOptions& options = {});

// The same host from a process on other cores: what depends on the place is computed anew. Throws
// Error(invalid_argument) for a core that does not exist or is not allowed. Needs node_distances.
Host seen_from(const Host& host, std::span<const int> cores);

}  // namespace weft::topology
