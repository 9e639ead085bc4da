#include "inspect.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "gid.h"

namespace weft::verbs {
namespace {

namespace fs = std::filesystem;
using Kind = transport::Finding::Kind;

constexpr const char* kClass = "/sys/class/infiniband";
// What an interface must carry for a path MTU of 4096: room for the longest headers.
constexpr int kInterfaceMtu = 4200;

std::string first_line(const fs::path& file) {
  std::string line;
  std::getline(std::ifstream(file), line);
  return line;
}

int bytes_of(ibv_mtu mtu) { return 128 << mtu; }

std::string name_of(const ibv_gid_entry& entry) {
  switch (entry.gid_type) {
    case IBV_GID_TYPE_ROCE_V1:
      return "RoCE v1";
    case IBV_GID_TYPE_ROCE_V2:
      return "RoCE v2";
    default:
      return "InfiniBand";
  }
}

struct Port {
  std::string device;
  int number = 1;
  ibv_port_attr attributes{};
  std::vector<ibv_gid_entry> gids;

  std::string name() const { return fmt::format("{} port {}", device, number); }
  bool ethernet() const { return attributes.link_layer == IBV_LINK_LAYER_ETHERNET; }
  bool active() const { return attributes.state == IBV_PORT_ACTIVE; }
  // The interface that carries it; without a name on InfiniBand.
  Interface interface() const {
    for (const ibv_gid_entry& gid : gids) {
      if (Interface found = interface_of(gid.ndev_ifindex); !found.name.empty()) return found;
    }
    return {};
  }
};

void tell_port(const Port& port, const Reporter& reporter) {
  const ibv_port_attr& a = port.attributes;
  const fs::path folder = fs::path(kClass) / port.device / "ports" / std::to_string(port.number);
  std::string text = fmt::format("{}, {}, path MTU {} of {}", ibv_port_state_str(a.state),
                                 port.ethernet() ? "Ethernet" : "InfiniBand",
                                 bytes_of(a.active_mtu), bytes_of(a.max_mtu));
  if (const std::string rate = first_line(folder / "rate"); !rate.empty()) text += ", " + rate;
  if (!port.ethernet()) text += fmt::format(", LID {}, subnet manager's LID {}", a.lid, a.sm_lid);
  reporter.tell(Kind::detail, port.name(), text);
  for (const ibv_gid_entry& gid : port.gids) {
    const Interface link = interface_of(gid.ndev_ifindex);
    std::string address = fmt::format("{}, {}", name_of(gid), text_of(gid.gid));
    if (!link.name.empty())
      address += fmt::format(", on {} ({}, MTU {})", link.name, link.up ? "up" : "down", link.mtu);
    reporter.tell(Kind::detail, fmt::format("{} GID {}", port.name(), gid.gid_index), address);
  }
}

void warn_inactive(const Port& port, const Interface& link, const Reporter& reporter) {
  std::string remedy = "check the cable and the other end";
  if (!link.name.empty()) {
    remedy = link.up ? fmt::format("{} has no link: {}", link.name, remedy)
                     : fmt::format("its interface: `ip link set dev {} up`", link.name);
  } else if (port.ethernet()) {
    remedy =
        "`ip link set dev INTERFACE up`, where `rdma link` names the interface; then the "
        "cable and the switch";
  } else if (port.attributes.state == IBV_PORT_INIT) {
    remedy = "no subnet manager has set it up: start opensm, here or on a switch";
  }
  reporter.tell(
      Kind::warning, port.name(),
      fmt::format("not usable, it is {}: {}", ibv_port_state_str(port.attributes.state), remedy));
}

void warn_mtu(const Port& port, const Interface& link, const Reporter& reporter) {
  const ibv_port_attr& a = port.attributes;
  if (a.active_mtu >= a.max_mtu) return;
  std::string remedy = "the subnet manager's partition sets it";
  if (port.ethernet() && link.name.empty()) {
    remedy = fmt::format("set its network interface to an MTU of {}", kInterfaceMtu);
  } else if (port.ethernet()) {
    remedy = link.mtu < kInterfaceMtu
                 ? fmt::format(
                       "`ip link set dev {} mtu {}` on every host, and let the switches "
                       "carry such frames",
                       link.name, kInterfaceMtu)
                 : fmt::format("although {} has an MTU of {}; take the link down and up again",
                               link.name, link.mtu);
  }
  reporter.tell(Kind::warning, port.name(),
                fmt::format("large messages travel in packets of {} bytes, {} are possible: {}",
                            bytes_of(a.active_mtu), bytes_of(a.max_mtu), remedy));
}

void warn_addresses(const Port& port, const Interface& link, const Reporter& reporter) {
  int best = 0;
  for (const ibv_gid_entry& gid : port.gids) best = std::max(best, rank_of(gid));
  if (!port.ethernet() || best == 3) return;
  const std::string interface = link.name.empty() ? "INTERFACE" : link.name;
  std::string what = best == 0 ? "not usable, it has no RoCE v2 address of an interface that is up"
                     : best == 1 ? "only link-local addresses, which reach one network segment"
                                 : "no IPv4 address, IPv6 is used";
  reporter.tell(Kind::warning, port.name(),
                fmt::format("{}: `ip addr add ADDRESS/BITS dev {}`", what, interface));
}

// Warnings come after the whole of a device, so that its properties stay together.
void warn_port(const Port& port, const Reporter& reporter) {
  const Interface link = port.interface();
  if (!port.active()) return warn_inactive(port, link, reporter);
  warn_mtu(port, link, reporter);
  warn_addresses(port, link, reporter);
}

std::vector<Port> ports_of(const std::string& name, ibv_context* context, int count) {
  std::vector<Port> ports;
  std::size_t length = 0;
  for (int i = 1; i <= count; ++i) {
    Port port;
    port.device = name;
    port.number = i;
    if (ibv_query_port(context, static_cast<std::uint8_t>(i), &port.attributes) != 0) continue;
    length += static_cast<std::size_t>(port.attributes.gid_tbl_len);
    ports.push_back(std::move(port));
  }
  std::vector<ibv_gid_entry> entries(length);
  const auto valid = ibv_query_gid_table(context, entries.data(), entries.size(), 0);
  entries.resize(static_cast<std::size_t>(std::max<decltype(valid)>(valid, 0)));
  for (const ibv_gid_entry& entry : entries) {
    for (Port& port : ports) {
      if (static_cast<int>(entry.port_num) == port.number) port.gids.push_back(entry);
    }
  }
  return ports;
}

void inspect_device(const std::string& name, const Reporter& reporter) {
  const ContextHandle context = open_context(name);
  ibv_device_attr limits{};
  if (context == nullptr || ibv_query_device(context.get(), &limits) != 0) {
    reporter.tell(Kind::device, name, "present");
    reporter.tell(Kind::warning, name,
                  fmt::format("cannot be opened: {}; this user must be able to read and write "
                              "/dev/infiniband/uverbs*",
                              std::strerror(errno)));
    return;
  }
  const int node = numa_node_of(name);
  const fs::path interface = fs::path(kClass) / name / "parent";
  std::string text = node < 0 ? "NUMA node unknown" : fmt::format("NUMA node {}", node);
  if (limits.fw_ver[0] != '\0') text += fmt::format(", firmware {}", limits.fw_ver);
  if (fs::exists(interface)) text = "in software over " + first_line(interface);
  reporter.tell(Kind::device, name, text);
  const auto ports = ports_of(name, context.get(), limits.phys_port_cnt);
  for (const Port& port : ports) tell_port(port, reporter);
  for (const Port& port : ports) warn_port(port, reporter);
}

// What the kernel has and libibverbs does not.
void warn_hidden(const std::vector<std::string>& known, const Reporter& reporter) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(kClass, ignored)) {
    const std::string name = entry.path().filename().string();
    if (std::ranges::find(known, name) != known.end()) continue;
    reporter.tell(Kind::warning, name,
                  "the kernel has it, libibverbs cannot use it: install its provider (Debian: "
                  "ibverbs-providers), and let a container see it (docker run "
                  "--device=/dev/infiniband)");
  }
}

// True where this process may lock memory beyond its limit (CAP_IPC_LOCK).
bool may_exceed_limit() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    unsigned long long set = 0;
    if (std::sscanf(line.c_str(), "CapEff: %llx", &set) == 1) return ((set >> 14) & 1) != 0;
  }
  return false;
}

void inspect_locked_memory(const Reporter& reporter) {
  rlimit limit{};
  if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
    reporter.tell(Kind::detail, "locked memory", "unlimited");
    return;
  }
  reporter.tell(
      Kind::warning, "locked memory",
      fmt::format("limited to {} KiB; {}: `ulimit -l unlimited` before the ranks start "
                  "(LimitMEMLOCK=infinity in a systemd unit, docker run `--ulimit memlock=-1`)",
                  limit.rlim_cur / 1024,
                  may_exceed_limit()
                      ? "this user may exceed it (CAP_IPC_LOCK), others cannot register more"
                      : "registering more memory than that will fail"));
}

std::string reason_of(const Device& device, int wished_gid) {
  if (wished_gid >= 0) return "the address that WEFT_VERBS_GID_INDEX names";
  if (!device.ethernet()) return "InfiniBand, which goes by LID within a subnet";
  ibv_gid_entry entry{};
  const auto index = static_cast<std::uint32_t>(device.gid_index);
  if (ibv_query_gid_ex(device.context.get(), device.port, index, &entry, 0) != 0) return "its GID";
  const int rank = rank_of(entry);
  return rank == 3   ? "its first RoCE v2 address over IPv4"
         : rank == 2 ? "its first RoCE v2 address over IPv6, having none over IPv4"
                     : "its first RoCE v2 address, link-local, having no other";
}

}  // namespace

void Reporter::tell(Kind kind, const std::string& about, const std::string& text) const {
  const auto finding = transport::Finding::of(kind, about.c_str(), text.c_str());
  report(context, &finding);
}

void inspect_devices(const Reporter& reporter) {
  const std::vector<std::string> names = all_devices();
  if (!names.empty()) inspect_locked_memory(reporter);
  for (const std::string& name : names) inspect_device(name, reporter);
  warn_hidden(names, reporter);
}

void inspect_choice(const Settings& settings, const std::string& proposed,
                    const Reporter& reporter) {
  std::string lacks;
  const std::vector<std::string> usable = usable_devices(&lacks);
  if (settings.device.empty() && usable.empty()) return;  // probe() says why
  transport::Status why;
  std::vector<std::string> left_out;
  const auto opened = open_devices(settings, proposed, &left_out, &why);
  if (opened.empty()) {
    reporter.tell(Kind::warning, settings.device,
                  fmt::format("cannot be used as asked for: {}", why.message));
    return;
  }
  const std::string of_device = !settings.device.empty() ? "named by WEFT_VERBS_DEVICE"
                                : usable.size() == 1     ? "the only usable device"
                                : proposed.empty()       ? "one of the usable devices"
                                                         : "among the nearest devices";
  for (const auto& device : opened) {
    reporter.tell(Kind::choice, "",
                  fmt::format("{}: {}, {}, {}", device->choice, of_device,
                              settings.port.port > 0 ? "the port that WEFT_VERBS_PORT names"
                                                     : "its first active port",
                              reason_of(*device, settings.port.gid_index)));
  }
  for (const std::string& reason : left_out) reporter.tell(Kind::choice, "", reason);
}

}  // namespace weft::verbs
