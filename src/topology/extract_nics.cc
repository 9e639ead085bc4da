#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "topology/extract.h"

namespace weft::topology {
namespace {

constexpr std::size_t kMaxNics = 256;
constexpr std::size_t kMaxName = 63;

// Names go to logs and pictures, and a description may hold anything.
std::string clean(const char* name) {
  std::string text = name == nullptr ? "" : name;
  text.resize(std::min(text.size(), kMaxName));
  std::ranges::replace_if(text, [](char c) { return c <= ' ' || c > '~'; }, '?');
  return text;
}

std::string bus_of(const hwloc_obj_attr_u::hwloc_pcidev_attr_s& pci) {
  return fmt::format("{:04x}:{:02x}:{:02x}.{:x}", static_cast<unsigned>(pci.domain),
                     static_cast<unsigned>(pci.bus), static_cast<unsigned>(pci.dev),
                     static_cast<unsigned>(pci.func));
}

// Where a device is attached: its PCI function, or null.
hwloc_obj_t pci_above(hwloc_obj_t object) {
  while (object != nullptr && object->type != HWLOC_OBJ_PCI_DEVICE) object = object->parent;
  return object;
}

// The device of this function that has no name of this kind yet; a card with several ports may
// have several interfaces and one RDMA device.
Nic* unnamed(std::vector<Nic>& nics, const std::string& bus, std::string Nic::* kind) {
  if (bus.empty()) return nullptr;
  const auto found =
      std::ranges::find_if(nics, [&](const Nic& n) { return n.bus == bus && (n.*kind).empty(); });
  return found == nics.end() ? nullptr : &*found;
}

// Nodes are known already. A device at the root of several nodes is attached to no one knows what.
void locate(const Packages& packages, hwloc_obj_t place, const Host& host, Nic& nic) {
  if (place == nullptr || place->nodeset == nullptr) return;
  nic.package = packages.of(place);
  if (hwloc_bitmap_weight(place->nodeset) != 1) return;
  const int number = hwloc_bitmap_first(place->nodeset);
  const auto node = std::ranges::find(host.nodes, number, &NumaNode::id);
  if (node == host.nodes.end()) return;
  nic.numa_node = number;
  nic.package = node->package;
}

Nic make_nic(hwloc_topology_t topology, const Packages& packages, hwloc_obj_t object,
             const Host& host) {
  Nic nic;
  if (const hwloc_obj_t pci = pci_above(object); pci != nullptr) {
    nic.bus = bus_of(pci->attr->pcidev);
    const double speed = pci->attr->pcidev.linkspeed;
    nic.bus_gbyte_s = speed > 0 && speed < 1e6 ? std::round(speed * 1000) / 1000 : 0;
  }
  locate(packages, hwloc_get_non_io_ancestor_obj(topology, object), host, nic);
  return nic;
}

}  // namespace

void extract_nics(hwloc_topology_t topology, const Packages& packages, Host& host) {
  hwloc_obj_t object = nullptr;
  while ((object = hwloc_get_next_osdev(topology, object)) != nullptr) {
    const auto type = object->attr->osdev.type;
    if (type != HWLOC_OBJ_OSDEV_OPENFABRICS && type != HWLOC_OBJ_OSDEV_NETWORK) continue;
    std::string Nic::* const kind =
        type == HWLOC_OBJ_OSDEV_OPENFABRICS ? &Nic::name : &Nic::interface;
    const std::string name = clean(object->name);
    if (name.empty()) continue;
    if (std::ranges::any_of(host.nics, [&](const Nic& n) { return n.*kind == name; })) {
      host.notes.push_back(fmt::format("two devices are called {}; the first is taken", name));
      continue;
    }
    Nic made = make_nic(topology, packages, object, host);
    Nic* nic = unnamed(host.nics, made.bus, kind);
    if (nic == nullptr) nic = &host.nics.emplace_back(std::move(made));
    nic->*kind = name;
    if (host.nics.size() > kMaxNics)
      fail(ErrorCode::invalid_argument, "it has more than {} network devices", kMaxNics);
  }
  std::ranges::stable_sort(host.nics, {}, &Nic::bus);
}

}  // namespace weft::topology
