#include "transport.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

#include "base/transport_kit.h"

namespace weft::shm {
namespace {

using transport::Status;

// Transports of one process name their segments apart.
std::uint32_t next_owner() {
  static std::atomic<std::uint32_t> count{0};
  return count.fetch_add(1, std::memory_order_relaxed);
}

std::byte* at(const transport::RemoteMemory& memory, std::uint64_t offset) {
  return static_cast<std::byte*>(memory.mapped) + offset;
}

}  // namespace

Transport::Transport(const transport::OpenOptions& options, Backing backing)
    : options_(options),
      backing_(backing),
      self_(own_address()),
      states_(static_cast<std::size_t>(options.size), PeerState::unknown),
      processes_(static_cast<std::size_t>(options.size)),
      private_(static_cast<std::size_t>(options.size)),
      owner_(next_owner()) {
  self_.job = options.job;
  if (backing_ == Backing::posix) remove_stale_names();
}

Transport::~Transport() {
  for (const auto& [handle, segment] : imported_) {
    if (segment.mapping.base != nullptr) unmap(segment.mapping);
  }
  while (!owned_.empty()) {
    transport::LocalMemory memory;
    memory.handle = owned_.begin()->first;
    release(memory);
  }
}

transport::Capabilities Transport::capabilities() const {
  transport::Capabilities result;
  result.load_store = true;
  result.ordered = true;
  result.get = true;
  static const float copy_ns = least_copy_ns();
  result.private_copy_ns = copy_ns;
  return result;
}

std::span<const std::byte> Transport::address() const {
  return std::as_bytes(std::span(&self_, 1));
}

Status Transport::connect(int peer, std::span<const std::byte> address) {
  Address process;
  if (address.size() != sizeof(process)) {
    return Status::error(ErrorCode::unsupported, "not an address of the shared-memory transport");
  }
  std::memcpy(&process, address.data(), sizeof(process));
  if (process.process.host != self_.process.host)
    return Status::error(ErrorCode::unsupported, "another host");
  if (Status status = transport::check_job(self_.job, process.job); !status.ok()) return status;
  // Containers of one machine that keep their memory apart are two hosts.
  if (process.process.shm_device != self_.process.shm_device)
    return Status::error(ErrorCode::unsupported, "another /dev/shm");
  if (backing_ == Backing::memfd && process.process.pid_namespace != self_.process.pid_namespace) {
    return Status::error(ErrorCode::unsupported,
                         "another pid namespace: share /dev/shm and set WEFT_SHM_BACKING=posix");
  }
  const auto index = static_cast<std::size_t>(peer);
  processes_[index] = process;
  private_[index] = PrivateMemory(process, self_.process);
  states_[index] = PeerState::connected;
  if (!liveness_.watch(peer, process.process, self_.process)) fail_peer(peer);
  return {};
}

bool Transport::connected(int peer) const {
  return states_[static_cast<std::size_t>(peer)] == PeerState::connected;
}

// The peer may still read and write what it has mapped of this process.
void Transport::disconnect(int peer) {
  const auto index = static_cast<std::size_t>(peer);
  if (states_[index] == PeerState::unknown) return;
  liveness_.forget(peer);
  states_[index] = PeerState::unknown;
  processes_[index] = {};
  private_[index] = {};
  if (peer == options_.rank) return;
  for (const auto& [handle, segment] : owned_) expect_import(segment.key);
}

Status Transport::check_peer(int peer) const {
  if (connected(peer)) return {};
  if (states_[static_cast<std::size_t>(peer)] == PeerState::unknown)
    return Status::error(ErrorCode::peer_failed, "the peer is not connected");
  return Status::error(
      ErrorCode::peer_failed,
      fmt::format("process {} is gone", processes_[static_cast<std::size_t>(peer)].process.pid)
          .c_str());
}

void Transport::fail_peer(int peer) {
  states_[static_cast<std::size_t>(peer)] = PeerState::failed;
  for (const auto& [handle, segment] : imported_) {
    if (segment.key.pid == processes_[static_cast<std::size_t>(peer)].process.pid)
      remove_name(segment.key);
  }
  if (options_.report_failure == nullptr) return;
  transport::Failure failure;
  failure.peer = peer;
  const auto cause =
      fmt::format("process {} is gone", processes_[static_cast<std::size_t>(peer)].process.pid);
  cause.copy(failure.cause, sizeof(failure.cause) - 1);
  options_.report_failure(options_.context, &failure);
}

Status Transport::allocate(std::size_t bytes, transport::LocalMemory* out) {
  Segment segment;
  segment.key.start_time = self_.process.start_time;
  segment.key.bytes = bytes;
  segment.key.pid = self_.process.pid;
  segment.key.owner = owner_;
  segment.key.serial = static_cast<std::uint32_t>(next_handle_);
  segment.key.backing = backing_;
  Status status = create_segment(&segment.key, options_.size - 1, &segment.mapping);
  if (!status.ok()) return status;
  out->address = segment.mapping.data;
  out->bytes = bytes;
  out->handle = next_handle_;
  out->key.size = sizeof(SegmentKey);
  std::memcpy(out->key.bytes, &segment.key, sizeof(SegmentKey));
  owned_.emplace(next_handle_++, segment);
  return {};
}

Status Transport::register_memory(void* /*address*/, std::size_t /*bytes*/,
                                  transport::LocalMemory* /*out*/) {
  return Status::error(ErrorCode::unsupported,
                       "private memory cannot be mapped by other processes");
}

void Transport::release(const transport::LocalMemory& memory) {
  const auto found = owned_.find(memory.handle);
  if (found == owned_.end()) return;
  remove_name(found->second.key);
  if (found->second.key.fd >= 0) close(found->second.key.fd);
  unmap(found->second.mapping);
  owned_.erase(found);
}

Status Transport::import_memory(int peer, const transport::MemoryKey& key,
                                transport::RemoteMemory* out) {
  Status status = check_peer(peer);
  if (!status.ok()) return status;
  if (key.size != sizeof(SegmentKey)) {
    return Status::error(ErrorCode::invalid_argument, "not a key of the shared-memory transport");
  }
  Segment segment;
  std::memcpy(&segment.key, key.bytes, sizeof(SegmentKey));
  out->peer = peer;
  out->bytes = segment.key.bytes;
  if (segment.key.pid == self_.process.pid && segment.key.start_time == self_.process.start_time) {
    // Ranks that share a process share the owner's mapping.
    out->mapped = reinterpret_cast<void*>(segment.key.address);
    if (peer != options_.rank) note_import(segment.key);
  } else {
    status = map_segment(segment.key, &segment.mapping);
    if (!status.ok()) return status;
    out->mapped = segment.mapping.data;
  }
  out->handle = next_handle_;
  imported_.emplace(next_handle_++, segment);
  return {};
}

void Transport::release(const transport::RemoteMemory& memory) {
  const auto found = imported_.find(memory.handle);
  if (found == imported_.end()) return;
  if (found->second.mapping.base != nullptr) unmap(found->second.mapping);
  imported_.erase(found);
}

Status Transport::put(std::span<const transport::Put> puts, std::size_t* posted) {
  *posted = 0;
  for (const transport::Put& put : puts) {
    const int peer = put.target != nullptr ? put.target->peer : put.signal_memory->peer;
    Status status = check_peer(peer);
    if (!status.ok()) return status;
    if (put.bytes > 0) std::memcpy(at(*put.target, put.target_offset), put.source, put.bytes);
    if (put.signal != transport::SignalOp::none)
      transport::change_word(at(*put.signal_memory, put.signal_offset), put.signal,
                             put.signal_value);
    if (put.completed != nullptr) ++*put.completed;
    ++*posted;
  }
  return {};
}

Status Transport::get(std::span<const transport::Get> gets) {
  for (const transport::Get& get : gets) {
    Status status = check_peer(get.source->peer);
    if (!status.ok()) return status;
    std::memcpy(get.destination, at(*get.source, get.source_offset), get.bytes);
    if (get.completed != nullptr) ++*get.completed;
  }
  return {};
}

Status Transport::copy_private(int peer, std::uint64_t theirs, void* mine, std::size_t bytes,
                               bool write) {
  const Status status = check_peer(peer);
  if (!status.ok()) return status;
  return private_[static_cast<std::size_t>(peer)].copy(theirs, mine, bytes, write);
}

int Transport::progress() {
  const std::vector<int> ended = liveness_.ended();
  for (const int peer : ended) fail_peer(peer);
  return static_cast<int>(ended.size());
}

}  // namespace weft::shm
