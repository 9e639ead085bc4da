#include "sim/sim_transport.h"

#include <algorithm>
#include <cstring>

namespace weft::sim {

using transport::Capabilities;
using transport::Failure;
using transport::Get;
using transport::LocalMemory;
using transport::MemoryKey;
using transport::Put;
using transport::RemoteMemory;
using transport::Status;

namespace {

// Exceptions (memory is short) do not leave the transport.
template <typename Call>
Status guarded(Call call) {
  try {
    return call();
  } catch (const std::exception& error) {
    return Status::error(ErrorCode::no_resources, error.what());
  }
}

}  // namespace

SimTransport::SimTransport(std::shared_ptr<Fabric> fabric, const TransportOptions& options)
    : fabric_(std::move(fabric)),
      options_(options),
      port_(fabric_->attach(options.rank, options.port)) {
  const Address address{process_identity(), fabric_->id(), port_->index, options.job};
  std::memcpy(address_.data(), &address, sizeof(address));
}

SimTransport::~SimTransport() {
  fabric_->with_regions([&](RegionTable& regions) {
    for (const std::uint64_t handle : mapped_) regions.let_go(handle);
  });
  fabric_->detach(*port_);
}

Capabilities SimTransport::capabilities() const {
  Capabilities result;
  result.load_store = options_.load_store;
  result.ordered = options_.port.ordered;
  result.get = true;
  result.max_message = options_.port.max_message;
  return result;
}

Status SimTransport::connect(int peer, std::span<const std::byte> address) {
  // What is before the port must be this transport's own.
  if (peer < 0 || address.size() != sizeof(Address) ||
      !std::equal(address.begin(), address.begin() + offsetof(Address, port), address_.begin())) {
    return Status::error(ErrorCode::unsupported,
                         "the address is of another process or of another fabric");
  }
  Address parsed;
  std::memcpy(&parsed, address.data(), sizeof(parsed));
  if (Status status = transport::check_job(options_.job, parsed.job); !status.ok()) return status;
  return guarded(
      [&] { return fabric_->connect(*port_, peer, static_cast<std::uint32_t>(parsed.port)); });
}

bool SimTransport::connected(int peer) const { return fabric_->connected(*port_, peer); }

Status SimTransport::allocate(std::size_t bytes, LocalMemory* out) {
  return guarded([&] {
    const std::size_t size = std::max<std::size_t>(bytes, 1);
    return fabric_->with_regions([&](RegionTable& regions) {
      const std::uint64_t handle = regions.allocate(port_->index, size);
      if (handle == 0) return Status::error(ErrorCode::no_resources, "out of memory");
      describe(handle, regions.find(handle).address, size, out);
      return Status{};
    });
  });
}

Status SimTransport::register_memory(void* address, std::size_t bytes, LocalMemory* out) {
  if (address == nullptr) return Status::error(ErrorCode::invalid_argument, "null memory");
  return guarded([&] {
    return fabric_->with_regions([&](RegionTable& regions) {
      describe(regions.add(port_->index, address, bytes), address, bytes, out);
      return Status{};
    });
  });
}

void SimTransport::describe(std::uint64_t handle, void* address, std::size_t bytes,
                            LocalMemory* out) const {
  *out = {};
  out->address = address;
  out->bytes = bytes;
  out->handle = handle;
  out->key.size = sizeof(handle);
  std::memcpy(out->key.bytes, &handle, sizeof(handle));
}

void SimTransport::release(const LocalMemory& memory) {
  fabric_->with_regions([&](RegionTable& regions) { regions.remove(memory.handle); });
}

Status SimTransport::import_memory(int peer, const MemoryKey& key, RemoteMemory* out) {
  std::uint64_t handle = 0;
  if (key.size != sizeof(handle)) {
    return Status::error(ErrorCode::invalid_argument, "not a key of this transport");
  }
  std::memcpy(&handle, key.bytes, sizeof(handle));
  const bool maps = options_.load_store;
  const Region region = fabric_->with_regions([&](RegionTable& regions) {
    const Region found = regions.find(handle);
    if (maps && found.address != nullptr) regions.hold(handle);
    return found;
  });
  if (maps && region.address != nullptr) mapped_.insert(handle);
  if (region.address == nullptr || !fabric_->reaches(*port_, peer, region.port)) {
    release(RemoteMemory{peer, handle});
    return Status::error(ErrorCode::invalid_argument, "the peer has no such memory");
  }
  *out = {peer, handle, region.bytes, options_.load_store ? region.address : nullptr};
  return {};
}

void SimTransport::release(const RemoteMemory& memory) {
  const auto held = mapped_.find(memory.handle);
  if (held == mapped_.end()) return;
  mapped_.erase(held);
  fabric_->with_regions([&](RegionTable& regions) { regions.let_go(memory.handle); });
}

Status SimTransport::put(std::span<const Put> puts, std::size_t* posted) {
  return guarded([&] { return fabric_->put(*port_, puts, posted); });
}

Status SimTransport::get(std::span<const Get> gets) {
  return guarded([&] { return fabric_->get(*port_, gets); });
}

int SimTransport::progress() {
  const int handled = fabric_->progress(*port_, &failures_);
  if (options_.report_failure != nullptr) {
    for (const Failure& failure : failures_) options_.report_failure(options_.context, &failure);
  }
  failures_.clear();
  return handled;
}

}  // namespace weft::sim
