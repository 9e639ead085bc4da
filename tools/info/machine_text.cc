#include "machine.h"

#include "names.h"
#include "tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace weft::tools {
namespace {

using topology::Core;
using topology::Host;
using topology::Nic;
using topology::Place;

std::string cores_of(const CacheGroup& group) {
  std::vector<int> all;
  std::vector<int> allowed;
  for (const Core& core : group.cores) {
    all.push_back(core.id);
    if (core.allowed > 0) allowed.push_back(core.id);
  }
  const std::string list = fmt::format("{} {}", all.size() == 1 ? "core" : "cores", ranges(all));
  if (allowed.size() == all.size()) return list;
  return list + (allowed.empty() ? ", not allowed" : fmt::format(", allowed {}", ranges(allowed)));
}

void add_nic(const Nic& nic, std::string& text) {
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "      device     {:<10}", name_of(nic));
  if (!nic.bus.empty()) fmt::format_to(out, "  {}", nic.bus);
  if (!nic.name.empty() && !nic.interface.empty()) fmt::format_to(out, "  {}", nic.interface);
  if (nic.port_gbit_s > 0) fmt::format_to(out, "  port {:g} Gbit/s", nic.port_gbit_s);
  if (nic.bus_gbyte_s > 0) fmt::format_to(out, "  bus {:.1f} GB/s", nic.bus_gbyte_s);
  text += nic.name.empty() ? "  no RDMA\n" : "\n";
}

void add_node(const Host& host, const NodeGroup& group, std::string& text) {
  const auto out = std::back_inserter(text);
  const topology::NumaNode* node = group.node;
  const std::string memory = node == nullptr ? "" : size_of(node->bytes);
  fmt::format_to(out, "    {}{}{}\n", group.name, memory.empty() ? "" : "  " + memory,
                 node == nullptr || node->allowed ? "" : "  (its memory is not allowed)");
  for (const CacheGroup& cache : group.caches) {
    const std::string size = size_of(host.l3_bytes);
    const std::string label = cache.l3 < 0 ? "no L3" : size.empty() ? "L3" : "L3 " + size;
    fmt::format_to(out, "      {:<10} {}\n", label, cores_of(cache));
  }
  for (const int nic : group.nics) add_nic(host.nics[static_cast<std::size_t>(nic)], text);
}

std::string summary(const Host& host) {
  std::int64_t processors = 0;
  std::int64_t allowed = 0;
  for (const Core& core : host.present) {
    processors += core.processors;
    allowed += core.allowed > 0 ? 1 : 0;
  }
  const auto cores = static_cast<std::int64_t>(host.present.size());
  std::string text =
      fmt::format("{}, {}, {}", count_of(cores, "core"), count_of(processors, "processor"),
                  count_of(static_cast<std::int64_t>(host.nodes.size()), "NUMA node"));
  if (allowed < cores) text += fmt::format("; {} allowed here", count_of(allowed, "core"));
  if (host.quota > 0)
    text += fmt::format("; time for {} by its control group", count_of(host.quota, "processor"));
  return text;
}

void add_distances(const Host& host, std::string& text) {
  if (host.nodes.size() < 2) return;
  const auto out = std::back_inserter(text);
  text += "  NUMA distances\n";
  for (std::size_t row = 0; row < host.nodes.size(); ++row) {
    fmt::format_to(out, "    from {:>2} ", host.nodes[row].id);
    for (std::size_t column = 0; column < host.nodes.size(); ++column)
      fmt::format_to(out, " {:>3}", host.node_distances[row * host.nodes.size() + column]);
    text += '\n';
  }
}

void add_host(const Host& host, std::string& text) {
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "{}\n", summary(host));
  for (const PackageGroup& package : make_tree(host)) {
    fmt::format_to(out, "  {}\n", package.name);
    for (const NodeGroup& node : package.nodes) add_node(host, node, text);
  }
  add_distances(host, text);
  for (const std::string& note : host.notes) fmt::format_to(out, "  NOTE  {}\n", note);
}

std::string number_or(int number, const char* otherwise) {
  return number < 0 ? otherwise : fmt::format("{}", number);
}

void add_ranks(const topology::Job& job, std::string& text) {
  const auto out = std::back_inserter(text);
  const char* const format = "  {:>5}  {:>4}  {:>7}  {:>4}  {:<20}  {:<22}  {}\n";
  fmt::format_to(out, fmt::runtime(format), "rank", "host", "package", "NUMA", "cores", "devices",
                 "why");
  for (std::size_t rank = 0; rank < job.places.size(); ++rank) {
    const Place& place = job.places[rank];
    const Host& host = job.hosts[static_cast<std::size_t>(place.host)];
    std::string nics;
    for (const int nic : place.nics)
      nics += (nics.empty() ? "" : ",") + name_of(host.nics[static_cast<std::size_t>(nic)]);
    fmt::format_to(out, fmt::runtime(format), rank, place.host, number_or(place.package, "any"),
                   number_or(place.numa_node, "any"), ranges(place.cores),
                   nics.empty() ? "-" : nics, why(job, static_cast<int>(rank)));
  }
}

void add_levels(const Machine& machine, std::string& text) {
  const auto out = std::back_inserter(text);
  if (machine.shape.levels.empty()) text += "  all ranks are equally far from each other\n";
  for (const topology::Level& level : machine.shape.levels) {
    const int groups = *std::ranges::max_element(level.group) + 1;
    fmt::format_to(out, "  {:<8}", level.name);
    for (int group = 0; group < groups; ++group) {
      std::vector<int> ranks;
      for (std::size_t rank = 0; rank < level.group.size(); ++rank) {
        if (level.group[rank] == group) ranks.push_back(static_cast<int>(rank));
      }
      fmt::format_to(out, " {{{}}}", ranges(ranks));
    }
    text += '\n';
  }
}

}  // namespace

std::string to_text(const Machine& machine) {
  std::string text = fmt::format("{}: ", machine.title);
  add_host(machine.job.hosts.front(), text);  // the others are alike
  text += "\nranks\n";
  add_ranks(machine.job, text);
  text += "\nlevels that algorithms see\n";
  add_levels(machine, text);
  return text;
}

}  // namespace weft::tools
