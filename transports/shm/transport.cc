#include "transport.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "base/descriptor.h"
#include "base/transport_kit.h"
#include "names.h"

namespace weft::shm {
namespace {

using transport::Status;

Status unsupported(const std::string& why) {
  return Status::error(ErrorCode::unsupported, why.c_str());
}

std::byte* at(const transport::RemoteMemory& memory, std::uint64_t offset) {
  return static_cast<std::byte*>(memory.mapped) + offset;
}

}  // namespace

Transport::Transport(const transport::OpenOptions& options, std::optional<Backing> backing)
    : options_(options),
      backing_(backing),
      states_(static_cast<std::size_t>(options.size), PeerState::unknown),
      processes_(static_cast<std::size_t>(options.size)),
      private_(static_cast<std::size_t>(options.size)) {
  self_.self = {own_process(), reinterpret_cast<std::uint64_t>(&process_identity())};
  self_.backing = backing_now();
  self_.job = options.job;
}

Transport::~Transport() = default;

Backing Transport::backing_now() const {
  const bool shown = self_.self.process.pid_namespace != 0 && shows_its_files();
  return backing_.value_or(shown ? Backing::memfd : Backing::posix);
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

// Whether what the peer allocates can be mapped here.
Status Transport::check_reach(const Address& peer) const {
  const ProcessId& self = self_.self.process;
  const ProcessId& process = peer.self.process;
  if (process.host != self.host) return unsupported("another host");
  if (Status status = transport::check_job(self_.job, peer.job); !status.ok()) return status;
  if (same_process(process, self)) return {};
  // Containers of one machine that keep their memory apart are two hosts.
  if (process.shm_device != self.shm_device) return unsupported("another /dev/shm");
  if (peer.backing == Backing::posix) {
    const bool other_user = process.uid != self.uid && self.uid != 0;
    if (other_user && process.user_namespace == self.user_namespace)
      return unsupported(fmt::format("process {} is another user's", process.pid));
    return {};
  }
  if (!shares_pids(process, self))
    return unsupported("another pid namespace: share /dev/shm and set WEFT_SHM_BACKING=posix");
  const int code = may_open_files_of(process);
  if (code == 0 || code == ENOENT || code == ESRCH) return {};  // gone: a failure of the peer
  return unsupported(
      fmt::format("process {} does not show what it has open ({}; another user, or it gave up "
                  "privileges): set WEFT_SHM_BACKING=posix",
                  process.pid, std::strerror(code)));
}

Status Transport::connect(int peer, std::span<const std::byte> address) {
  Address theirs;
  if (address.size() != sizeof(theirs))
    return unsupported("not an address of the shared-memory transport");
  std::memcpy(&theirs, address.data(), sizeof(theirs));
  if (Status status = check_reach(theirs); !status.ok()) return status;
  const ProcessId& process = theirs.self.process;
  const Liveness::Watch watch = liveness_.watch(peer, process, self_.self.process);
  if (watch == Liveness::Watch::no_descriptor) {
    return Status::error(
        ErrorCode::no_resources,
        fmt::format("watching process {}: {}", process.pid, words_of_error(errno)).c_str());
  }
  const auto index = static_cast<std::size_t>(peer);
  processes_[index] = process;
  private_[index] = PrivateMemory(theirs.self, self_.self.process);
  states_[index] = PeerState::connected;
  if (watch == Liveness::Watch::gone) fail_peer(peer);
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
  for (auto& [handle, segment] : owned_) segment.expect_import();
}

Status Transport::check_peer(int peer) const {
  if (connected(peer)) return {};
  if (states_[static_cast<std::size_t>(peer)] == PeerState::unknown)
    return Status::error(ErrorCode::peer_failed, "the peer is not connected");
  return Status::error(
      ErrorCode::peer_failed,
      fmt::format("process {} is gone", processes_[static_cast<std::size_t>(peer)].pid).c_str());
}

void Transport::fail_peer(int peer) {
  states_[static_cast<std::size_t>(peer)] = PeerState::failed;
  const ProcessId& process = processes_[static_cast<std::size_t>(peer)];
  for (const auto& [handle, import] : imported_) {
    if (import.key.owner == process.identity) remove_name_of(import.key);
  }
  if (options_.report_failure == nullptr) return;
  transport::Failure failure;
  failure.peer = peer;
  const auto cause = fmt::format("process {} is gone", process.pid);
  cause.copy(failure.cause, sizeof(failure.cause) - 1);
  options_.report_failure(options_.context, &failure);
}

Status Transport::allocate(std::size_t bytes, transport::LocalMemory* out) {
  const Backing backing = backing_now();
  if (backing == Backing::posix && !std::exchange(cleaned_, true)) remove_stale_names();
  OwnSegment segment;
  Status status = segment.create(bytes, backing, options_.size - 1);
  if (!status.ok()) return status;
  out->address = segment.data();
  out->bytes = bytes;
  out->handle = next_handle_;
  out->key.size = sizeof(SegmentKey);
  std::memcpy(out->key.bytes, &segment.key(), sizeof(SegmentKey));
  owned_.emplace(next_handle_++, std::move(segment));
  return {};
}

Status Transport::register_memory(void* /*address*/, std::size_t /*bytes*/,
                                  transport::LocalMemory* /*out*/) {
  return Status::error(ErrorCode::unsupported,
                       "private memory cannot be mapped by other processes");
}

void Transport::release(const transport::LocalMemory& memory) { owned_.erase(memory.handle); }

Status Transport::import_memory(int peer, const transport::MemoryKey& key,
                                transport::RemoteMemory* out) {
  Status status = check_peer(peer);
  if (!status.ok()) return status;
  if (key.size != sizeof(SegmentKey)) {
    return Status::error(ErrorCode::invalid_argument, "not a key of the shared-memory transport");
  }
  Import import;
  std::memcpy(&import.key, key.bytes, sizeof(SegmentKey));
  status = import_segment(import.key, peer != options_.rank, &import.mapping);
  if (!status.ok()) return status;
  out->peer = peer;
  out->bytes = import.key.bytes;
  out->mapped = import.mapping->data();
  out->handle = next_handle_;
  imported_.emplace(next_handle_++, std::move(import));
  return {};
}

void Transport::release(const transport::RemoteMemory& memory) { imported_.erase(memory.handle); }

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
