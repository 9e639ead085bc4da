#include "device.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "gid.h"

namespace weft::verbs {
namespace {

using transport::Status;

Status refused(ErrorCode code, const std::string& text) {
  return Status::error(code, text.c_str());
}

// On InfiniBand a GID is of use beside the LID: ports of other subnets, and some virtual ones, are
// reached by it.
void take_infiniband_gid(Device* device) {
  if (ibv_query_gid(device->context.get(), device->port, 0, &device->gid) == 0)
    device->gid_index = 0;
  device->choice += "InfiniBand, by LID";
  if (device->local_port().address.grh_required) device->choice += " and GID";
}

Status choose_gid(Device* device, int wished) {
  if (wished < 0 && !device->ethernet()) {
    take_infiniband_gid(device);
    return {};
  }
  int best = 0;
  for (int i = 0; i < device->attributes.gid_tbl_len; ++i) {
    if (wished >= 0 && i != wished) continue;
    ibv_gid_entry entry{};
    if (ibv_query_gid_ex(device->context.get(), device->port, static_cast<std::uint32_t>(i), &entry,
                         0) != 0)
      continue;
    const int rank = wished >= 0 ? 1 : rank_of(entry);
    if (rank <= best) continue;
    best = rank;
    device->gid_index = i;
    device->gid = entry.gid;
  }
  if (best == 0 && wished >= 0) {
    return refused(ErrorCode::invalid_argument,
                   fmt::format("{} port {} has no address (GID) of index {}; WEFT_VERBS_GID_INDEX "
                               "must name one that `show_gids` or `ibv_devinfo -v` lists",
                               device->name, device->port, wished));
  }
  if (best == 0) {
    return refused(ErrorCode::unsupported,
                   fmt::format("{} port {} has no RoCE v2 address of an interface that is up",
                               device->name, device->port));
  }
  device->choice += fmt::format("GID {} ({}){}", device->gid_index, text_of(device->gid),
                                wished >= 0 ? ", as asked for" : "");
  return {};
}

Status choose_port(Device* device, int wished) {
  const int count = device->limits.phys_port_cnt;
  if (wished > count) {
    return refused(ErrorCode::invalid_argument,
                   fmt::format("{} has {} ports: WEFT_VERBS_PORT={} is none of them", device->name,
                               count, wished));
  }
  for (int port = wished > 0 ? wished : 1; port <= (wished > 0 ? wished : count); ++port) {
    if (ibv_query_port(device->context.get(), static_cast<std::uint8_t>(port),
                       &device->attributes) != 0)
      continue;
    if (device->attributes.state != IBV_PORT_ACTIVE) continue;
    device->port = static_cast<std::uint8_t>(port);
    device->choice = fmt::format("{} port {}, ", device->name, port);
    return {};
  }
  return refused(ErrorCode::unsupported, fmt::format("{}: no active port", device->name));
}

}  // namespace

std::vector<std::string> all_devices() {
  std::vector<std::string> names;
  int count = 0;
  ibv_device** list = ibv_get_device_list(&count);
  for (int i = 0; i < count; ++i) names.emplace_back(ibv_get_device_name(list[i]));
  if (list != nullptr) ibv_free_device_list(list);
  return names;
}

ContextHandle open_context(const std::string& name) {
  int count = 0;
  ibv_device** list = ibv_get_device_list(&count);
  ContextHandle context;
  errno = ENODEV;
  for (int i = 0; i < count; ++i) {
    if (name == ibv_get_device_name(list[i])) context.reset(ibv_open_device(list[i]));
  }
  if (list != nullptr) ibv_free_device_list(list);
  return context;
}

int numa_node_of(const std::string& device) {
  int node = -1;
  std::ifstream("/sys/class/infiniband/" + device + "/device/numa_node") >> node;
  return node;
}

std::vector<std::string> usable_devices(std::string* why) {
  std::vector<std::string> names = all_devices();
  if (names.empty()) *why = "no RDMA device";
  std::erase_if(names, [&](const std::string& name) {
    Status status;
    if (open_device(name, {}, &status) != nullptr) return false;
    *why += (why->empty() ? "" : "; ") + std::string(status.message);
    return true;
  });
  return names;
}

std::unique_ptr<Device> open_device(const std::string& name, const PortWish& wish, Status* why) {
  auto device = std::make_unique<Device>();
  device->name = name;
  device->context = open_context(name);
  if (device->context == nullptr) {
    *why = refused(ErrorCode::unsupported,
                   fmt::format("{} cannot be opened: {}", name, std::strerror(errno)));
    return nullptr;
  }
  if (ibv_query_device(device->context.get(), &device->limits) != 0) {
    *why = refused(ErrorCode::unsupported, name + " does not answer");
    return nullptr;
  }
  *why = choose_port(device.get(), wish.port);
  if (why->ok()) *why = choose_gid(device.get(), wish.gid_index);
  if (!why->ok()) return nullptr;
  device->domain.reset(ibv_alloc_pd(device->context.get()));
  if (device->domain == nullptr) {
    *why = refused(ErrorCode::no_resources,
                   fmt::format("{}: no protection domain: {}", name, std::strerror(errno)));
    return nullptr;
  }
  return device;
}

}  // namespace weft::verbs
