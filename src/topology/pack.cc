#include "topology/pack.h"

#include <algorithm>
#include <cmath>

#include "topology/pack_bytes.h"

namespace weft::topology {
namespace {

constexpr std::uint64_t kVersion = 1;
constexpr std::uint64_t kMaxCores = 1 << 16;
constexpr int kMaxNumber = 1 << 20;  // of a core or a package
constexpr int kMaxNode = 4095;
constexpr std::uint64_t kMaxNodes = 1024;
constexpr std::uint64_t kMaxNics = 1024;
constexpr std::uint64_t kMaxNotes = 1024;
constexpr std::size_t kMaxText = 1024;

// Who shares a cache with a core: nobody knows, itself alone, or those of a first core.
enum class Sharing : std::uint64_t { unknown, alone, group };

using Cache = int Core::*;

// The first core of a group has the group's number, so the second tells.
Sharing sharing(std::span<const Core> cores, Cache cache) {
  const int first = cores[0].*cache;
  if (first < 0) return Sharing::unknown;
  if (cores.size() > 1 && cores[1].*cache == first) return Sharing::group;
  return first == cores[0].id ? Sharing::alone : Sharing::group;
}

bool shares(const Core& core, Cache cache, Sharing how, int group) {
  return core.*cache == (how == Sharing::unknown ? -1 : how == Sharing::alone ? core.id : group);
}

void put_sharing(ByteWriter& writer, std::span<const Core> cores, Cache cache) {
  const Sharing how = sharing(cores, cache);
  writer.put(static_cast<std::uint64_t>(how));
  if (how == Sharing::group) writer.put_signed(cores[0].*cache);
}

// How many cores differ in their numbers alone, which go up in equal steps.
std::size_t run_length(std::span<const Core> cores) {
  const Core& first = cores[0];
  const Sharing l3 = sharing(cores, &Core::l3);
  const Sharing l2 = sharing(cores, &Core::l2);
  const auto alike = [&](const Core& core) {
    return core.package == first.package && core.numa_node == first.numa_node &&
           core.processors == first.processors && core.allowed == first.allowed &&
           core.usable == first.usable && shares(core, &Core::l3, l3, first.l3) &&
           shares(core, &Core::l2, l2, first.l2);
  };
  std::size_t length = 1;
  while (length < cores.size() && alike(cores[length]) &&
         cores[length].id - cores[length - 1].id == cores[1].id - first.id)
    ++length;
  return length;
}

void put_cores(ByteWriter& writer, std::span<const Core> cores) {
  writer.put(cores.size());
  while (!cores.empty()) {
    const std::size_t length = run_length(cores);
    const Core& first = cores[0];
    writer.put(length);
    writer.put_signed(first.id);
    if (length > 1) writer.put_signed(cores[1].id - first.id);
    writer.put_signed(first.package);
    writer.put_signed(first.numa_node);
    put_sharing(writer, cores, &Core::l3);
    put_sharing(writer, cores, &Core::l2);
    for (const int count : {first.processors, first.allowed, first.usable})
      writer.put(static_cast<std::uint64_t>(count));
    cores = cores.subspan(length);
  }
}

Sharing get_sharing(ByteReader& reader, int& cache) {
  const auto how = static_cast<Sharing>(reader.get(2));
  cache = how == Sharing::group ? reader.get_int(0, kMaxNumber) : -1;
  return how;
}

void get_run(ByteReader& reader, std::size_t most, std::vector<Core>& cores) {
  const auto length = static_cast<std::size_t>(reader.get(most));
  if (length == 0) ByteReader::refuse("a run of no cores");
  Core core;
  core.id = reader.get_int(0, kMaxNumber);
  const int stride = length > 1 ? reader.get_int(-kMaxNumber, kMaxNumber) : 0;
  core.package = reader.get_int(-1, kMaxNumber);
  core.numa_node = reader.get_int(-1, kMaxNode);
  const Sharing l3 = get_sharing(reader, core.l3);
  const Sharing l2 = get_sharing(reader, core.l2);
  core.processors = static_cast<int>(reader.get(kMaxCores));
  core.allowed = static_cast<int>(reader.get(static_cast<std::uint64_t>(core.processors)));
  core.usable = static_cast<int>(reader.get(static_cast<std::uint64_t>(core.allowed)));
  for (std::size_t i = 0; i < length; ++i, core.id += stride) {
    if (core.id < 0 || core.id > kMaxNumber) ByteReader::refuse("a core's number is out of range");
    if (l3 == Sharing::alone) core.l3 = core.id;
    if (l2 == Sharing::alone) core.l2 = core.id;
    cores.push_back(core);
  }
}

std::vector<Core> get_cores(ByteReader& reader) {
  std::vector<Core> cores;
  const auto count = static_cast<std::size_t>(reader.get(kMaxCores));
  while (cores.size() < count) get_run(reader, count - cores.size(), cores);
  return cores;
}

void put_distances(ByteWriter& writer, const std::vector<std::uint64_t>& distances) {
  writer.put(distances.size());
  for (const std::uint64_t distance : distances) writer.put(distance);
}

std::vector<std::uint64_t> get_distances(ByteReader& reader, std::uint64_t most) {
  std::vector<std::uint64_t> distances;
  for (auto left = reader.get(most); left > 0; --left) distances.push_back(reader.get());
  return distances;
}

std::vector<NumaNode> get_nodes(ByteReader& reader) {
  std::vector<NumaNode> nodes;
  for (auto left = reader.get(kMaxNodes); left > 0; --left) {
    NumaNode& node = nodes.emplace_back();
    node.id = reader.get_int(0, kMaxNode);
    node.package = reader.get_int(-1, kMaxNumber);
    node.bytes = reader.get();
    node.allowed = reader.get(1) != 0;
  }
  return nodes;
}

// Speeds are kept to three digits after the point.
void put_speed(ByteWriter& writer, double value) {
  writer.put(static_cast<std::uint64_t>(std::llround(value * 1000)));
}

double get_speed(ByteReader& reader) {
  constexpr std::uint64_t kMost = 1'000'000'000;
  return static_cast<double>(reader.get(kMost)) / 1000;
}

void put_nic(ByteWriter& writer, const Nic& nic) {
  for (const std::string& text : {nic.name, nic.interface, nic.bus}) writer.put_text(text);
  writer.put_signed(nic.numa_node);
  writer.put_signed(nic.package);
  put_speed(writer, nic.port_gbit_s);
  put_speed(writer, nic.bus_gbyte_s);
  writer.put(nic.distance);
}

Nic get_nic(ByteReader& reader) {
  Nic nic;
  for (std::string* text : {&nic.name, &nic.interface, &nic.bus}) *text = reader.get_text(kMaxText);
  nic.numa_node = reader.get_int(-1, kMaxNode);
  nic.package = reader.get_int(-1, kMaxNumber);
  nic.port_gbit_s = get_speed(reader);
  nic.bus_gbyte_s = get_speed(reader);
  nic.distance = reader.get();
  return nic;
}

}  // namespace

std::vector<std::byte> pack(const Host& host, Detail detail) {
  ByteWriter writer;
  writer.put(kVersion);
  writer.put_text(host.machine);
  for (const int count : {host.cores, host.processors, host.quota, host.numa_nodes})
    writer.put(static_cast<std::uint64_t>(count));
  writer.put(host.l2_bytes);
  writer.put(host.l3_bytes);
  put_cores(writer, host.present);
  writer.put(host.nodes.size());
  for (const NumaNode& node : host.nodes) {
    writer.put_signed(node.id);
    writer.put_signed(node.package);
    writer.put(node.bytes);
    writer.put(node.allowed ? 1 : 0);
  }
  put_distances(writer, host.numa_distances);
  writer.put(host.nics.size());
  for (const Nic& nic : host.nics) put_nic(writer, nic);
  const bool all = detail == Detail::all;
  put_distances(writer, all ? host.node_distances : std::vector<std::uint64_t>());
  writer.put(all ? host.notes.size() : 0);
  if (all) {
    for (const std::string& note : host.notes) writer.put_text(note);
  }
  return writer.take();
}

Host unpack(std::span<const std::byte> bytes) {
  constexpr std::uint64_t kMaxCount = 1 << 24;
  ByteReader reader(bytes);
  if (reader.get() != kVersion) ByteReader::refuse("another version of weft wrote it");
  Host host;
  host.machine = reader.get_text(kMaxText);
  for (int* count : {&host.cores, &host.processors, &host.quota, &host.numa_nodes})
    *count = static_cast<int>(reader.get(kMaxCount));
  host.l2_bytes = static_cast<std::size_t>(reader.get());
  host.l3_bytes = static_cast<std::size_t>(reader.get());
  host.present = get_cores(reader);
  for (const Core& core : host.present) {
    if (core.usable > 0) host.core_ids.push_back(core.id);
  }
  host.nodes = get_nodes(reader);
  host.numa_distances = get_distances(reader, kMaxNode + 1);
  for (auto left = reader.get(kMaxNics); left > 0; --left) host.nics.push_back(get_nic(reader));
  host.node_distances = get_distances(reader, kMaxNodes * kMaxNodes);
  if (!host.node_distances.empty() &&
      host.node_distances.size() != host.nodes.size() * host.nodes.size())
    ByteReader::refuse("the table of distances has another size");
  for (auto left = reader.get(kMaxNotes); left > 0; --left)
    host.notes.push_back(reader.get_text(kMaxText));
  if (!reader.at_end()) ByteReader::refuse("it goes on behind its end");
  return host;
}

}  // namespace weft::topology
