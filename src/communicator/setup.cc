#include "communicator/setup.h"

#include <fmt/ranges.h>
#include <sched.h>
#include <weft/version.h>

#include <algorithm>

#include "base/error.h"
#include "base/names.h"

namespace weft {
namespace {

constexpr int kMaxDevices = 64;

[[noreturn]] void fail_with(const transport::Status& status, const std::string& what) {
  fail(status.code, "{}: {}", what, status.message);
}

const char* setting(void* /*context*/, const char* name) { return transport_setting(name); }

}  // namespace

Connections::Connections(const Config& config, const Log& log, Bootstrap& bootstrap,
                         const Clock& clock, FailureListener& listener)
    : log_(log), callbacks_{&listener, &log, {}}, host_(topology::probe_host()) {
  world_.rank = bootstrap.rank();
  world_.ranks = bootstrap.size();
  world_.clock = &clock;
  world_.layout = memory::make_pad_layout(world_.ranks, config.shared_bytes);
  world_.links.resize(static_cast<std::size_t>(world_.ranks));
  try {
    open_transports(config);
    exchange_addresses(config, bootstrap);
    await_connections(config);
    exchange_pads(config, bootstrap);
    choose_wait_policy(config);
  } catch (...) {
    for (const OpenTransport& open : transports_) open.plugin.plugin->close(open.transport);
    throw;
  }
}

Connections::~Connections() {
  for (const auto& [transport, pad] : pads_) transport->release(pad);
  for (const OpenTransport& open : transports_) open.plugin.plugin->close(open.transport);
}

void Connections::open_transports(const Config& config) {
  const std::string& wanted = config.options.transports;
  const transport::PluginSet plugins = transport::load_plugins(config.options.plugin_path, log_);
  for (const auto& refused : plugins.refused)
    refusals_.push_back(refused.origin + ": " + refused.reason);
  for (const transport::LoadedPlugin& loaded : plugins.loaded) {
    const std::string name = loaded.plugin->name;
    if (!wanted.empty() && !named_in(wanted, name)) continue;
    transport::Device devices[kMaxDevices];
    transport::Status why;
    const int count = loaded.plugin->probe(devices, kMaxDevices, &why);
    if (count == 0) refusals_.push_back(fmt::format("{}: {}", name, why.message));
    if (count <= 0) continue;
    const Proposal proposal = propose_devices(
        std::span(devices, static_cast<std::size_t>(std::min(count, kMaxDevices))), host_);
    if (proposal.priority < 0 && wanted.empty()) continue;
    if (!proposal.reason.empty()) log_.info("{}: {}", name, proposal.reason);
    open_devices(loaded, proposal, config.wait_policy == WaitPolicy::block);
  }
  if (transports_.empty()) {
    fail(ErrorCode::unsupported, "no transport can be used{}{}; {}",
         wanted.empty() ? "" : " of WEFT_TRANSPORTS=", wanted, fmt::join(refusals_, "; "));
  }
  std::stable_sort(
      transports_.begin(), transports_.end(),
      [](const OpenTransport& a, const OpenTransport& b) { return a.priority > b.priority; });
}

void Connections::open_devices(const transport::LoadedPlugin& plugin, const Proposal& proposal,
                               bool wakes) {
  transport::OpenOptions options;
  options.device = proposal.devices.c_str();
  options.wakes = wakes;
  options.rank = world_.rank;
  options.size = world_.ranks;
  options.context = &callbacks_;
  options.setting = setting;
  options.report_failure = [](void* context, const transport::Failure* failure) {
    auto* callbacks = static_cast<Callbacks*>(context);
    callbacks->failed.emplace(failure->peer, failure->cause);
    callbacks->listener->peer_failed(failure->peer, failure->cause);
  };
  options.log = [](void* context, const char* message) {
    static_cast<Callbacks*>(context)->log->info("{}", message);
  };
  transport::Status why;
  OpenTransport open;
  open.plugin = plugin;
  open.name = plugin.plugin->name;
  open.priority = proposal.priority;
  open.transport = plugin.plugin->open(&options, &why);
  if (open.transport == nullptr) {
    if (why.code == ErrorCode::invalid_argument) fail_with(why, open.name);
    const std::string devices = proposal.devices.empty() ? "" : " " + proposal.devices;
    refusals_.push_back(fmt::format("{}{}: {}", open.name, devices, why.message));
    return;
  }
  transports_.push_back(std::move(open));
}

void Connections::exchange_addresses(const Config& config, Bootstrap& bootstrap) {
  BlobWriter mine;
  mine.put_text(WEFT_VERSION);
  mine.put(static_cast<std::uint64_t>(config.shared_bytes));
  mine.put_text(config.options.algorithm);
  mine.put(config.protocol);
  mine.put_text(host_.machine);
  mine.put(host_.quota);
  mine.put_bytes(std::as_bytes(std::span(host_.core_ids)));
  mine.put(static_cast<std::uint32_t>(transports_.size()));
  for (const OpenTransport& open : transports_) {
    mine.put_text(open.name);
    mine.put_bytes(open.transport->address());
  }
  const std::vector<Blob> all = bootstrap.all_gather(mine.blob(), config.timeout);
  const auto check = [&](int peer, const char* what, const auto& ours, const auto& theirs) {
    if (ours == theirs) return;
    fail(ErrorCode::mismatch, "{} differs: {} at rank {}, {} at rank {}", what, ours, world_.rank,
         theirs, peer);
  };
  for (int peer = 0; peer < world_.ranks; ++peer) {
    BlobReader reader(all[static_cast<std::size_t>(peer)]);
    check(peer, "the version of weft", std::string(WEFT_VERSION), reader.get_text());
    check(peer, "WEFT_SHARED_BYTES", std::uint64_t{config.shared_bytes},
          reader.get<std::uint64_t>());
    check(peer, "WEFT_ALGORITHM", config.options.algorithm, reader.get_text());
    check(peer, "WEFT_PROTOCOL", static_cast<int>(config.protocol),
          static_cast<int>(reader.get<Protocol>()));
    read_machine(reader);
    std::vector<std::pair<std::string, Blob>> addresses(reader.get<std::uint32_t>());
    for (auto& [name, address] : addresses) {
      name = reader.get_text();
      address = reader.get_bytes();
    }
    connect_peer(peer, addresses);
  }
}

// What a rank says of the machine it runs on.
void Connections::read_machine(BlobReader& reader) {
  Machine& machine = machines_[reader.get_text()];
  ++machine.ranks;
  if (const int quota = reader.get<int>(); quota > 0)
    machine.quota = machine.quota > 0 ? std::min(machine.quota, quota) : quota;
  const Blob cores = reader.get_bytes();
  for (std::size_t at = 0; at + sizeof(int) <= cores.size(); at += sizeof(int)) {
    int core = 0;
    std::memcpy(&core, cores.data() + at, sizeof(core));
    machine.cores.insert(core);
  }
}

void Connections::connect_peer(int peer,
                               const std::vector<std::pair<std::string, Blob>>& addresses) {
  std::vector<std::string> reasons = refusals_;
  for (const OpenTransport& open : transports_) {
    for (const auto& [name, address] : addresses) {
      if (name != open.name) continue;
      const transport::Status status = open.transport->connect(peer, address);
      if (!status.ok()) {
        reasons.push_back(fmt::format("{}: {}", name, status.message));
        continue;
      }
      executor::Link& link = world_.links[static_cast<std::size_t>(peer)];
      link.transport = open.transport;
      link.transport_name = name;
      link.load_store = open.transport->capabilities().load_store;
      auto& used = world_.transports;
      if (std::find(used.begin(), used.end(), open.transport) == used.end())
        used.push_back(open.transport);
      log_.debug("rank {} is reached over {}", peer, name);
      return;
    }
  }
  fail(ErrorCode::unsupported, "rank {} cannot reach rank {}: {}", world_.rank, peer,
       fmt::join(reasons, "; "));
}

void Connections::await_connections(const Config& config) {
  const std::int64_t deadline = world_.clock->now_ns() + config.timeout.count();
  for (int peer = 0; peer < world_.ranks; ++peer) {
    const executor::Link& link = world_.links[static_cast<std::size_t>(peer)];
    while (!link.transport->connected(peer)) {
      for (transport::Transport* transport : world_.transports) transport->progress();
      if (const auto failed = callbacks_.failed.find(peer); failed != callbacks_.failed.end()) {
        fail(ErrorCode::peer_failed, "rank {} could not connect to rank {} over {}: {}",
             world_.rank, peer, link.transport_name, failed->second);
      }
      if (world_.clock->now_ns() > deadline) {
        fail(ErrorCode::timeout, "rank {} could not connect to rank {} over {} within {:.3g} s",
             world_.rank, peer, link.transport_name,
             std::chrono::duration<double>(config.timeout).count());
      }
      sched_yield();
    }
  }
}

// One pad for all transports: the first that maps memory allocates it, the others register it.
void Connections::exchange_pads(const Config& config, Bootstrap& bootstrap) {
  transport::Transport* owner = world_.transports.front();
  for (transport::Transport* transport : world_.transports) {
    if (transport->capabilities().load_store) owner = transport;
  }
  transport::LocalMemory pad;
  transport::Status status = owner->allocate(world_.layout.total, &pad);
  if (!status.ok()) fail_with(status, fmt::format("rank {}: shared memory", world_.rank));
  pads_.emplace_back(owner, pad);
  world_.pad = static_cast<std::byte*>(pad.address);
  for (transport::Transport* transport : world_.transports) {
    if (transport == owner) continue;
    transport::LocalMemory registered;
    status = transport->register_memory(pad.address, pad.bytes, &registered);
    if (!status.ok()) fail_with(status, fmt::format("rank {}: registering the pad", world_.rank));
    pads_.emplace_back(transport, registered);
  }
  BlobWriter mine;
  mine.put(static_cast<std::uint32_t>(pads_.size()));
  for (const auto& [transport, memory] : pads_) {
    const auto open =
        std::find_if(transports_.begin(), transports_.end(),
                     [t = transport](const OpenTransport& o) { return o.transport == t; });
    mine.put_text(open->name);
    mine.put(memory.key);
  }
  const std::vector<Blob> all = bootstrap.all_gather(mine.blob(), config.timeout);
  for (int peer = 0; peer < world_.ranks; ++peer) {
    executor::Link& link = world_.links[static_cast<std::size_t>(peer)];
    BlobReader reader(all[static_cast<std::size_t>(peer)]);
    for (auto left = reader.get<std::uint32_t>(); left > 0; --left) {
      const std::string name = reader.get_text();
      const auto key = reader.get<transport::MemoryKey>();
      if (name != link.transport_name || link.pad_memory.peer >= 0) continue;
      status = link.transport->import_memory(peer, key, &link.pad_memory);
      if (!status.ok())
        fail_with(status, fmt::format("rank {}: memory of rank {}", world_.rank, peer));
    }
    if (link.pad_memory.peer < 0) {
      fail(ErrorCode::unsupported, "rank {} has no memory that rank {} reaches over {}", peer,
           world_.rank, link.transport_name);
    }
    if (link.load_store) link.pad = static_cast<std::byte*>(link.pad_memory.mapped);
  }
}

// Spinning is right only where every rank of a machine can have a core of its own. Ranks may be
// bound to different cores, so what counts is the cores of all of them.
void Connections::choose_wait_policy(const Config& config) {
  const auto crowded = [](const Machine& machine) {
    int cores = std::max<int>(static_cast<int>(machine.cores.size()), 1);
    if (machine.quota > 0) cores = std::min(cores, machine.quota);
    return machine.ranks > cores;
  };
  const bool here = crowded(machines_[host_.machine]);
  world_.crowded = std::ranges::any_of(machines_, [&](const auto& m) { return crowded(m.second); });
  world_.wait_policy = config.wait_policy;
  if (world_.wait_policy == WaitPolicy::automatic)
    world_.wait_policy = here ? WaitPolicy::yield : WaitPolicy::spin;
  log_.debug("{} ranks on this machine: {}", machines_[host_.machine].ranks,
             here ? "more than cores, yield" : "spin");
}

}  // namespace weft
