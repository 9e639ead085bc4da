#include "transport/fault.h"

#include <algorithm>
#include <cstdio>

#include "base/transport_kit.h"

namespace weft::transport {
namespace {

constexpr std::size_t kMaxHeld = 4096;

}  // namespace

FaultyTransport::FaultyTransport(Transport& inner, const OpenOptions& options, FaultRules rules)
    : inner_(inner),
      options_(options),
      rules_(std::move(rules)),
      random_(static_cast<std::minstd_rand::result_type>(rules_.seed)) {}

Capabilities FaultyTransport::capabilities() const {
  Capabilities result = inner_.capabilities();
  result.load_store = false;
  result.blocking_wait_fd = -1;  // what is held back makes no descriptor readable
  return result;
}

bool FaultyTransport::connected(int peer) const {
  const auto found = peers_.find(peer);
  return (found == peers_.end() || found->second.status.ok()) && inner_.connected(peer);
}

// The rules count anew for who has the number next.
void FaultyTransport::disconnect(int peer) {
  peers_.erase(peer);
  inner_.disconnect(peer);
}

Status FaultyTransport::import_memory(int peer, const MemoryKey& key, RemoteMemory* out) {
  RemoteMemory memory;
  Status status = inner_.import_memory(peer, key, &memory);
  if (!status.ok()) return status;
  memories_[next_handle_] = memory;
  *out = {peer, next_handle_++, memory.bytes, nullptr};
  return {};
}

void FaultyTransport::release(const RemoteMemory& memory) {
  const auto found = memories_.find(memory.handle);
  if (found == memories_.end()) return;
  inner_.release(found->second);
  memories_.erase(found);
}

const RemoteMemory& FaultyTransport::inner_memory(const RemoteMemory& memory) const {
  return memories_.at(memory.handle);
}

Status FaultyTransport::put(std::span<const Put> puts, std::size_t* posted) {
  *posted = 0;
  for (const Put& put : puts) {
    Status status = put_one(put);
    if (!status.ok()) return status;
    ++*posted;
  }
  return {};
}

Status FaultyTransport::put_one(const Put& put) {
  const int number = put.target != nullptr ? put.target->peer : put.signal_memory->peer;
  Peer& peer = peers_[number];
  if (!peer.status.ok()) return peer.status;
  if (room_ == 0) return queue_full();
  for (const FaultRules::Refusal& rule : rules_.refusals) {
    if (rule.peer != number || rule.nth != peer.puts + 1) continue;
    peer.status = rule.status;
    peer.held.clear();
    return peer.status;
  }
  Status status = hold(peer, put);
  if (!status.ok()) return status;
  ++peer.puts;
  --room_;
  return status;
}

Status FaultyTransport::hold(Peer& peer, const Put& put) {
  Held held;
  held.put = put;
  if (put.target != nullptr) held.target = inner_memory(*put.target);
  if (put.signal_memory != nullptr) held.signal_memory = inner_memory(*put.signal_memory);
  const std::uint64_t hold = rules_.longest_hold > 0 ? random_() % (rules_.longest_hold + 1) : 0;
  if (hold == 0 && peer.held.empty()) return forward(held);
  if (peer.held.size() >= kMaxHeld) {
    return Status::error(ErrorCode::no_resources, "too many puts are held back");
  }
  peer.last_release = std::max(peer.last_release, calls_ + hold);
  held.release_at = peer.last_release;
  peer.held.push_back(held);
  return {};
}

Status FaultyTransport::forward(Held& held) {
  if (held.put.target != nullptr) held.put.target = &held.target;
  if (held.put.signal_memory != nullptr) held.put.signal_memory = &held.signal_memory;
  std::size_t posted = 0;
  return inner_.put({&held.put, 1}, &posted);
}

Status FaultyTransport::get(std::span<const Get> gets) {
  for (const Get& get : gets) {
    const RemoteMemory memory = inner_memory(*get.source);
    Get forwarded = get;
    forwarded.source = &memory;
    Status status = inner_.get({&forwarded, 1});
    if (!status.ok()) return status;
  }
  return {};
}

int FaultyTransport::progress() {
  ++calls_;
  int events = 0;
  for (auto& [number, peer] : peers_) events += release_due(peer);
  return events + report_deaths() + inner_.progress();
}

int FaultyTransport::release_due(Peer& peer) {
  int released = 0;
  for (; !peer.held.empty() && peer.held.front().release_at <= calls_; ++released) {
    const Status status = forward(peer.held.front());
    if (status.code == ErrorCode::no_resources) return released;
    if (!status.ok()) {
      peer.status = status;
      peer.held.clear();
      return released;
    }
    peer.held.pop_front();
  }
  return released;
}

int FaultyTransport::report_deaths() {
  int reported = 0;
  for (const FaultRules::Death& rule : rules_.deaths) {
    Peer& peer = peers_[rule.peer];
    if (!peer.status.ok() || peer.puts < rule.puts || !peer.held.empty()) continue;
    Failure failure;
    failure.peer = rule.peer;
    std::snprintf(failure.cause, sizeof(failure.cause), "rank %d was made to fail", rule.peer);
    peer.status = Status::error(failure.code, failure.cause);
    if (options_.report_failure != nullptr) options_.report_failure(options_.context, &failure);
    ++reported;
  }
  return reported;
}

}  // namespace weft::transport
