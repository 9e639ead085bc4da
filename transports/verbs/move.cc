// Bytes that go by RDMA WRITE and READ: in one piece, or one over each lane.
#include <algorithm>
#include <cstring>

#include "transport.h"

namespace weft::verbs {

using transport::Get;
using transport::Put;
using transport::queue_full;
using transport::Status;
using transport::WaitingGet;

namespace {

// Larger ones are shared out among the lanes, in pieces of whole pages.
constexpr std::size_t kWholeBytes = kStagedBytes;
constexpr std::size_t kPieceUnit = 4096;

}  // namespace

// Whether the processor must not touch what the put reads or writes.
bool Transport::on_device(const Put& put) {
  if (put.bytes == 0) return false;
  if (imports_[*put.target].device != 0) return true;
  if (!registrations_.has_device_memory()) return false;
  const Registration* found = registrations_.find(put.source, put.bytes);
  return found != nullptr && found->device;
}

// Several pieces' transfer completes with the last of them; -1: of one piece.
int Transport::start_transfer(std::uint64_t* completed, std::size_t pieces) {
  if (pieces == 1) return -1;
  if (free_transfers_.empty()) {
    free_transfers_.push_back(static_cast<int>(transfers_.size()));
    transfers_.emplace_back();
  }
  const int number = free_transfers_.back();
  free_transfers_.pop_back();
  transfers_[static_cast<std::size_t>(number)] = {completed, static_cast<int>(pieces)};
  return number;
}

// What a work request held is free. `raise`: it has completed, else it is dropped.
void Transport::finish(Rail& rail, const Pending& pending, bool raise) {
  if (pending.staging >= 0) rail.return_staging(pending.staging);
  if (pending.registration != nullptr) registrations_.release(pending.registration);
  std::uint64_t* completed = pending.completed;
  if (pending.transfer >= 0) {
    Transfer& transfer = transfers_[static_cast<std::size_t>(pending.transfer)];
    if (!raise) transfer.completed = nullptr;
    if (--transfer.left > 0) return;
    completed = transfer.completed;
    free_transfers_.push_back(pending.transfer);
  }
  if (raise && completed != nullptr) ++*completed;
}

// Memory that the device may touch until the work request completes: registered already, copied to
// a staging slot, or registered for this once.
Status Transport::borrow(const Movement& movement, Peer& p, Rail& rail, Local* out) {
  out->address = static_cast<std::byte*>(movement.local);
  const bool registered = registrations_.find(movement.local, movement.bytes) != nullptr;
  if (!registered && movement.opcode == IBV_WR_RDMA_WRITE && movement.bytes <= kStagedBytes) {
    const int slot = rail.take_staging();
    if (slot < 0) return queue_full();
    out->address = rail.staging(slot);
    std::memcpy(out->address, movement.local, movement.bytes);
    out->holds.staging = slot;
    return {};
  }
  const Status status = registrations_.acquire(movement.local, movement.bytes, &out->registration);
  out->holds.registration = out->registration;
  if (!status.ok()) fail_peer(number_of(p), status.code, status.message);
  return p.failure;
}

// Every active lane has room.
Status Transport::move(Peer& p, const Movement& m) {
  const std::size_t lanes = m.bytes > kWholeBytes ? p.active.size() : 1;
  const std::size_t unit = lanes == 1 ? m.bytes : kPieceUnit;
  const std::size_t most = (m.bytes / lanes + unit - 1) / unit * unit;
  const auto index_of = [&](std::size_t i) {
    return static_cast<std::size_t>(p.active[(p.turn + i) % p.active.size()]);
  };
  Lane& first = p.lane[index_of(0)];
  const bool write = m.opcode == IBV_WR_RDMA_WRITE;
  const bool inlined = write && m.may_copy && m.bytes <= first.pair.inline_bytes;
  Local local;
  local.address = static_cast<std::byte*>(m.local);
  if (!inlined) {
    const Status status = borrow(m, p, *rails_[index_of(0)], &local);
    if (!status.ok()) return status;
    local.holds.completed = lanes == 1 ? m.completed : nullptr;
    local.holds.transfer = start_transfer(m.completed, lanes);
  } else if (m.completed != nullptr) {
    ++*m.completed;
  }
  std::size_t offset = 0;
  for (std::size_t i = 0; i < lanes; ++i) {
    const std::size_t index = index_of(i);
    const std::size_t bytes = i + 1 == lanes ? m.bytes - offset : std::min(most, m.bytes - offset);
    Lane& lane = p.lane[index];
    Chain& chain = chains_[index];
    ibv_send_wr& request = chain.add(lane, m.opcode);
    request.wr.rdma.remote_addr = m.remote->address + m.offset + offset;
    request.wr.rdma.rkey = m.remote->rkeys[index];
    const std::uint32_t key = inlined ? 0
                              : local.registration != nullptr
                                  ? local.registration->handles[index]->lkey
                                  : rails_[index]->buffer_key();
    chain.add_part(local.address + offset, bytes, key);
    lane.dirty = lane.dirty || write;
    offset += bytes;
    if (inlined) {
      request.send_flags = IBV_SEND_INLINE;
      continue;
    }
    if (i > 0 && local.holds.registration != nullptr) ++local.holds.registration->references;
    local.holds.last = lane.posted;
    lane.pending.push(local.holds);
    chain.complete();
  }
  return {};
}

Status Transport::write(const Put& put, Peer& p, bool on_device) {
  Movement movement;
  movement.local = const_cast<void*>(put.source);
  movement.remote = &imports_[*put.target];
  movement.offset = put.target_offset;
  movement.bytes = put.bytes;
  movement.may_copy = !on_device;
  movement.completed = put.completed;
  return move(p, movement);
}

Status Transport::get(std::span<const Get> gets) {
  for (const Get& get : gets) {
    if (const char* fault = transport::fault_of(get))
      return Status::error(ErrorCode::invalid_argument, fault);
    const transport::RemoteMemory& source = *get.source;
    const Peer& p = peer(source.peer);
    if (!p.failure.ok()) return p.failure;
    if (source.peer == options_.rank) {
      const Key& key = imports_[source];
      std::memmove(get.destination, reinterpret_cast<std::byte*>(key.address) + get.source_offset,
                   get.bytes);
    }
    if (source.peer == options_.rank || get.bytes == 0) {
      if (get.completed != nullptr) ++*get.completed;
    } else {
      gets_.emplace_back(get);
    }
  }
  post_gets();
  return {};
}

Status Transport::get_one(const WaitingGet& waiting) {
  const Get& get = waiting.get;
  const int number = waiting.source.peer;
  Peer& p = peer(number);
  if (!p.failure.ok()) return p.failure;
  if (p.stage == Stage::idle && !offer(number)) return p.failure;
  if (p.stage != Stage::ready || !has_room(p, false)) return queue_full();
  Movement movement;
  movement.opcode = IBV_WR_RDMA_READ;
  movement.local = get.destination;
  movement.remote = &imports_[waiting.source];
  movement.offset = get.source_offset;
  movement.bytes = get.bytes;
  movement.completed = get.completed;
  const Status status = move(p, movement);
  return !status.ok() || flush(p) ? status : p.failure;
}

// Those of failed peers are dropped: their failure was reported.
int Transport::post_gets() {
  int events = 0;
  while (!gets_.empty() && get_one(gets_.front()).code != ErrorCode::no_resources) {
    gets_.pop_front();
    ++events;
  }
  return events;
}

}  // namespace weft::verbs
