#include "options.h"

#include <weft/collective_traits.h>

#include "base/error.h"
#include "tools/collective_option.h"

namespace weft::tools {
namespace {

void add_machine_options(CLI::App& app, SimOptions& o) {
  const std::string group = "The machines";
  app.add_option("--hosts", o.hosts, "Hosts")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str()
      ->group(group);
  app.add_option("--ranks-per-host", o.ranks_per_host, "Ranks of each host")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str()
      ->group(group);
  app.add_option("--packages", o.packages, "Packages (sockets) of each host, ranks spread evenly")
      ->check(CLI::Range(1, 64))
      ->capture_default_str()
      ->group(group);
  app.add_option("--caches", o.caches, "L3 caches of each package, ranks spread evenly")
      ->check(CLI::Range(1, 64))
      ->capture_default_str()
      ->group(group);
  app.add_option("--hosts-per-machine", o.hosts_per_machine,
                 "Hosts that are namespaces of one machine and share its cores")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str()
      ->group(group);
  app.add_option("--cores", o.cores, "Cores of a machine; 0: one for each rank")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str()
      ->group(group);
  app.add_option("--switch", o.switch_us, "To wake a rank where cores are too few, us")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->group(group);
  app.add_flag("--ideal-processors", o.ideal_processors,
               "Processors and memories that take no time: what textbooks' formulas are for")
      ->group(group);
  app.add_option("--memory", o.memory_gbps, "Memory bandwidth of a host, GB/s")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->group(group);
  app.add_option("--shared-bytes", o.shared_bytes,
                 "Memory of a rank that others write to, as WEFT_SHARED_BYTES; default: 4M, or 16K "
                 "for each rank where that is more");
}

void add_network_options(CLI::App& app, SimOptions& o) {
  const std::string group = "The network";
  app.add_option("--fabric", o.fabric,
                 "uniform, fat-tree:DOWN:UP[:HOSTS], rails[:DOWN:UP], dragonfly[:HOSTS[:DOWN:UP]] "
                 "or two-sites:MS[:GBPS]; see docs/tuning.md")
      ->capture_default_str()
      ->group(group);
  app.add_option("--nics", o.nics, "NICs of each host; 0: 1, of rails one for each rank up to 8")
      ->check(CLI::Range(0, 64))
      ->capture_default_str()
      ->group(group);
  app.add_option("--nic", o.nic_gbps, "Speed of a NIC, Gb/s each way")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->group(group);
  app.add_option("--latency", o.latency_us, "From NIC to NIC over one switch, us")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->group(group);
  app.add_option("--message", o.message_us,
                 "Processor time of a message, us: 3/5 at the sender, 2/5 at the receiver")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->group(group);
}

void make_ideal(tuner::Costs& costs) {
  costs.compute = {.step_ns = 0,
                   .read_ns_per_byte = 0,
                   .write_ns_per_byte = 0,
                   .reduce_ns_per_byte = 0,
                   .far_read_ns_per_byte = 0,
                   .far_write_ns_per_byte = 0};
  for (const tuner::Relation relation : tuner::kRelations) {
    tuner::Link& link = costs.link(relation);
    link.latency_ns += link.send_ns + link.receive_ns;
    link.send_ns = link.receive_ns = 0;
    link.send_ns_per_byte = link.receive_ns_per_byte = 0;
  }
  costs.memory_ns_per_byte = 0;
  costs.nic_ns_per_message = 0;
}

// Of NICs where nothing was said.
int nics_of(const SimOptions& options, const tuner::Network& network) {
  if (options.nics > 0) return options.nics;
  return network.kind == tuner::NetworkKind::rails ? std::min(options.ranks_per_host, 8) : 1;
}

}  // namespace

void add_options(CLI::App& app, SimOptions& o) {
  app.add_option("collective", o.collective, "One of " + collective_names())->required();
  add_machine_options(app, o);
  add_network_options(app, o);
  perf::add_size_options(app, o.sizes);
  app.add_option("--element-bytes", o.element_bytes, "Bytes of an element")
      ->check(CLI::IsMember({1, 2, 4, 8}))
      ->capture_default_str();
  app.add_option("-r,--root", o.root, "Root of a broadcast or reduce")->capture_default_str();
  app.add_option("-a,--algorithms", o.algorithms, "Only these, with commas; default: all");
  app.add_option("--lanes", o.lanes, "Lanes of each schedule; 0: the better of one and two")
      ->check(CLI::Range(0, memory::kLanes))
      ->capture_default_str();
  app.add_option("--max-steps", o.max_steps,
                 "Leaves out what takes more steps, of all ranks together; many passes are "
                 "estimated from as few as this allows")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("-j,--jobs", o.jobs, "Threads")->check(CLI::Range(1, 256))->capture_default_str();
  CLI::Option* csv = app.add_flag("--csv", o.csv, "Print comma-separated values");
  app.add_flag("--json", o.json, "Print JSON")->excludes(csv);
}

Collective collective_of(const SimOptions& options) { return collective_named(options.collective); }

tuner::Fabric fabric_of(const SimOptions& options) {
  constexpr int kMaxRanks = 1 << 17;
  if (static_cast<long>(options.hosts) * options.ranks_per_host > kMaxRanks)
    fail(ErrorCode::invalid_argument, "more than {} ranks", kMaxRanks);
  if (options.root < 0 || options.root >= options.ranks()) {
    fail(ErrorCode::invalid_argument, "root {} is not among ranks 0 to {}", options.root,
         options.ranks() - 1);
  }
  const tuner::Network network = tuner::parse_network(options.fabric, options.hosts);
  tuner::Costs costs;
  costs.nics = nics_of(options, network);
  costs.nic_ns_per_byte = 8 / options.nic_gbps;
  costs.network.ns_per_byte = costs.nic_ns_per_byte;
  costs.network.latency_ns = options.latency_us * 1e3;
  costs.network.send_ns = options.message_us * 600;
  costs.network.receive_ns = options.message_us * 400;
  costs.memory_ns_per_byte = 1 / options.memory_gbps;
  costs.cores = options.cores;
  costs.switch_ns = options.switch_us * 1e3;
  if (options.ideal_processors) make_ideal(costs);
  std::vector<tuner::Place> places = tuner::even_places(
      options.hosts, options.ranks_per_host, options.packages, costs.nics, options.caches);
  for (tuner::Place& place : places) place.machine = place.host / options.hosts_per_machine;
  return tuner::make_fabric(std::move(places), costs, network);
}

std::vector<std::size_t> sizes_of(const SimOptions& options) {
  if (!traits_of(collective_of(options)).moves_data()) return {0};
  const std::size_t most = perf::parse_size(options.sizes.max_bytes);
  std::vector<std::size_t> sizes = perf::sizes_of(options.sizes);
  if (sizes.back() != most) sizes.push_back(most);
  return sizes;
}

Segment segment_of(const SimOptions& options) {
  const std::size_t bytes =
      options.shared_bytes.empty()
          ? std::max(std::size_t{4} << 20, static_cast<std::size_t>(options.ranks()) << 14)
          : perf::parse_size(options.shared_bytes);
  // Ranks of one host map each other, and then have one.
  const int lanes = options.hosts == 1 ? 1 : memory::kLanes;
  return {bytes, memory::make_segment_layout(options.ranks(), bytes, lanes)};
}

}  // namespace weft::tools
