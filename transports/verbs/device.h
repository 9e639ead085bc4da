// An open RDMA device, with the port and the address that were chosen on it.
#pragma once

#include <infiniband/verbs.h>
#include <weft/transport.h>

#include <memory>
#include <string>
#include <vector>

#include "address_vector.h"

namespace weft::verbs {

// Deleters: a handle owns its object of libibverbs.
template <auto destroy>
struct Destroy {
  template <typename Object>
  void operator()(Object* object) const {
    destroy(object);
  }
};
using ContextHandle = std::unique_ptr<ibv_context, Destroy<ibv_close_device>>;
using DomainHandle = std::unique_ptr<ibv_pd, Destroy<ibv_dealloc_pd>>;
using ChannelHandle = std::unique_ptr<ibv_comp_channel, Destroy<ibv_destroy_comp_channel>>;
using QueueHandle = std::unique_ptr<ibv_cq, Destroy<ibv_destroy_cq>>;
using SharedReceiveHandle = std::unique_ptr<ibv_srq, Destroy<ibv_destroy_srq>>;
using QueuePairHandle = std::unique_ptr<ibv_qp, Destroy<ibv_destroy_qp>>;
using RegionHandle = std::unique_ptr<ibv_mr, Destroy<ibv_dereg_mr>>;

// What the user may have asked for; negative: choose.
struct PortWish {
  int port = -1;
  int gid_index = -1;
};

struct Device {
  std::string name;
  ContextHandle context;
  DomainHandle domain;
  ibv_device_attr limits{};
  ibv_port_attr attributes{};
  std::uint8_t port = 1;
  int gid_index = -1;  // -1: it has no GID
  ibv_gid gid{};
  std::string choice;  // for the log: what was chosen and why

  bool ethernet() const { return attributes.link_layer == IBV_LINK_LAYER_ETHERNET; }
  LocalPort local_port() const {
    const bool grh_required = (attributes.flags & IBV_QPF_GRH_REQUIRED) != 0;
    return {{attributes.lid, gid, grh_required}, ethernet(), port, gid_index};
  }
};

// Every RDMA device of this machine, in the order of libibverbs.
std::vector<std::string> all_devices();

// Null, with errno, where there is no such device or it cannot be opened.
ContextHandle open_context(const std::string& name);

// The NUMA node a device hangs at; -1: unknown, or none (a software device).
int numa_node_of(const std::string& device);

// The devices with an active port and a usable address; `why` says what the others lack.
std::vector<std::string> usable_devices(std::string* why);

// Opens a device and chooses its port and address. Null and *why on failure.
std::unique_ptr<Device> open_device(const std::string& name, const PortWish& wish,
                                    transport::Status* why);

}  // namespace weft::verbs
