// Puts and gets become work requests.
#include <atomic>
#include <cstring>

#include "transport.h"

namespace weft::verbs {

using transport::Get;
using transport::Put;
using transport::SignalOp;
using transport::Status;

namespace {

void change(std::byte* word, SignalOp op, std::uint64_t value) {
  std::atomic_ref<std::uint64_t> target(*reinterpret_cast<std::uint64_t*>(word));
  if (op == SignalOp::set) target.store(value, std::memory_order_release);
  if (op == SignalOp::add) target.fetch_add(value, std::memory_order_release);
}

Status queue_full() { return Status::error(ErrorCode::no_resources, "the queue is full"); }

}  // namespace

Status Transport::check(const Put& put, int* peer) const {
  const transport::RemoteMemory* memory = put.bytes > 0 ? put.target : put.signal_memory;
  if (memory == nullptr) memory = put.target;
  if (memory == nullptr)
    return Status::error(ErrorCode::invalid_argument, "a put without a target");
  const auto outside = [&](const transport::RemoteMemory* m, std::uint64_t offset,
                           std::size_t bytes) {
    return m == nullptr || offset > m->bytes || bytes > m->bytes - offset;
  };
  if ((put.bytes > 0 && outside(put.target, put.target_offset, put.bytes)) ||
      (put.signal != SignalOp::none && outside(put.signal_memory, put.signal_offset, 8)))
    return Status::error(ErrorCode::invalid_argument, "a put beyond the end of a memory");
  *peer = memory->peer;
  return {};
}

// To this rank itself.
Status Transport::put_here(const Put& put) {
  const auto spot = [&](const transport::RemoteMemory& memory, std::uint64_t offset) {
    const Key& key = imports_[memory.handle].key;
    return Spot{key.region, key.generation, offset};
  };
  if (put.bytes > 0) {
    std::byte* target = regions_.locate(spot(*put.target, put.target_offset), put.bytes);
    if (target == nullptr) return Status::error(ErrorCode::invalid_argument, "released memory");
    std::memmove(target, put.source, put.bytes);
  }
  if (put.signal != SignalOp::none) {
    std::byte* word = regions_.locate(spot(*put.signal_memory, put.signal_offset), 8);
    if (word == nullptr) return Status::error(ErrorCode::invalid_argument, "released memory");
    change(word, put.signal, put.signal_value);
  }
  if (put.completed != nullptr) ++*put.completed;
  return {};
}

bool Transport::ready(int peer) {
  const Peer& p = peers_[static_cast<std::size_t>(peer)];
  if (p.stage == Stage::idle) offer(peer);
  return p.stage == Stage::ready;
}

// Memory that the device may touch: registered already, copied to a staging slot, or registered for
// this once. (Registrations of memory that is not ours to watch are not kept: it could be freed and
// mapped anew behind them.)
Status Transport::borrow(const void* address, std::size_t bytes, bool written, Local* out) {
  out->address = reinterpret_cast<std::uint64_t>(address);
  if (const Region* region = regions_.find(address, bytes)) {
    out->key = region->handle->lkey;
    return {};
  }
  if (bytes <= kStagedBytes && !written) {
    if (free_staging_.empty()) return queue_full();
    const int slot = free_staging_.back();
    free_staging_.pop_back();
    std::byte* copy =
        buffers_ + buffer_bytes_ - (kStagingSlots - static_cast<std::size_t>(slot)) * kStagedBytes;
    std::memcpy(copy, address, bytes);
    out->address = reinterpret_cast<std::uint64_t>(copy);
    out->key = buffer_region_->lkey;
    out->holds.staging = slot;
    return {};
  }
  const Status status =
      register_region(*device_, const_cast<void*>(address), bytes, &out->holds.region);
  if (status.ok()) out->key = out->holds.region->lkey;
  return status;
}

// Posts a chain. The last one raises a completion where somebody waits for it, and now and then, so
// that the queue empties.
Status Transport::post(int peer, ibv_send_wr* chain, int count, bool completes) {
  Peer& p = peers_[static_cast<std::size_t>(peer)];
  for (int i = 0; i + 1 < count; ++i) chain[i].next = &chain[i + 1];
  ibv_send_wr& last = chain[count - 1];
  const std::uint64_t number = p.posted + static_cast<std::uint64_t>(count);
  if (completes || number - p.signaled >= p.pair.sends / 4) {
    last.send_flags |= IBV_SEND_SIGNALED;
    p.signaled = number;
  }
  last.wr_id = number;
  ibv_send_wr* bad = nullptr;
  const int error = ibv_post_send(p.pair.handle.get(), chain, &bad);
  if (error != 0) {
    fail_peer(peer, ErrorCode::peer_failed,
              std::string("posting a work request: ") + std::strerror(error));
    return p.failure;
  }
  p.posted = number;
  if (p.signaled == number) {
    ++p.awaited;
    ++awaited_;
  }
  return {};
}

Status Transport::put_one(const Put& put, int peer) {
  Peer& p = peers_[static_cast<std::size_t>(peer)];
  const bool signals = put.signal != SignalOp::none;
  if (room(p) < 2 || (signals && p.credits == 0)) return queue_full();

  ibv_send_wr chain[2] = {};
  ibv_sge parts[3] = {};
  int count = 0;
  Record record;
  Local local;
  const bool together = signals && put.bytes + sizeof(Record) <= p.pair.inline_bytes &&
                        put.bytes + sizeof(Record) <= kReceiveBytes;
  bool waits = false;
  if (put.bytes > 0 && !together) {
    const bool inlined = put.bytes <= p.pair.inline_bytes;
    if (inlined) {
      local.address = reinterpret_cast<std::uint64_t>(put.source);
    } else {
      const Status status = borrow(put.source, put.bytes, false, &local);
      if (!status.ok()) return status;
    }
    waits = !inlined;
    parts[0] = {local.address, static_cast<std::uint32_t>(put.bytes), local.key};
    ibv_send_wr& write = chain[count++];
    write.opcode = IBV_WR_RDMA_WRITE;
    write.sg_list = &parts[0];
    write.num_sge = 1;
    if (inlined) write.send_flags = IBV_SEND_INLINE;
    const Key& key = imports_[put.target->handle].key;
    write.wr.rdma.remote_addr = key.address + put.target_offset;
    write.wr.rdma.rkey = key.rkey;
  }
  if (signals) {
    const Key& word = imports_[put.signal_memory->handle].key;
    record.signal = {word.region, word.generation, put.signal_offset};
    record.value = put.signal_value;
    record.op = static_cast<std::uint8_t>(put.signal);
    record.credits = static_cast<std::uint16_t>(p.owed);
    parts[1] = {reinterpret_cast<std::uint64_t>(&record), sizeof(record), 0};
    ibv_send_wr& send = chain[count++];
    send.opcode = IBV_WR_SEND;
    send.sg_list = &parts[1];
    send.num_sge = 1;
    send.send_flags = IBV_SEND_INLINE;
    if (together && put.bytes > 0) {
      const Key& key = imports_[put.target->handle].key;
      record.target = {key.region, key.generation, put.target_offset};
      record.payload_bytes = static_cast<std::uint16_t>(put.bytes);
      parts[2] = {reinterpret_cast<std::uint64_t>(put.source),
                  static_cast<std::uint32_t>(put.bytes), 0};
      send.num_sge = 2;
    }
  }
  if (count > 0) {
    const Status status = post(peer, chain, count, waits);
    if (!status.ok()) return status;
  }
  if (signals) {
    --p.credits;
    p.owed = 0;
  }
  if (waits) {
    local.holds.last = p.posted;
    local.holds.completed = put.completed;
    p.pending.push_back(std::move(local.holds));
  } else if (put.completed != nullptr) {
    ++*put.completed;
  }
  return {};
}

Status Transport::put(std::span<const Put> puts, std::size_t* posted) {
  *posted = 0;
  for (const Put& put : puts) {
    int peer = -1;
    Status status = check(put, &peer);
    if (!status.ok()) return status;
    const Peer& p = peers_[static_cast<std::size_t>(peer)];
    if (!p.failure.ok()) return p.failure;
    if (peer == options_.rank) {
      status = put_here(put);
    } else if (ready(peer)) {
      status = put_one(put, peer);
    } else {
      status = p.failure.ok() ? queue_full() : p.failure;
    }
    if (!status.ok()) return status;
    ++*posted;
  }
  return {};
}

Status Transport::get(std::span<const Get> gets) {
  for (const Get& get : gets) {
    const transport::RemoteMemory& source = *get.source;
    if (get.source_offset > source.bytes || get.bytes > source.bytes - get.source_offset)
      return Status::error(ErrorCode::invalid_argument, "a get beyond the end of a memory");
    const Peer& p = peers_[static_cast<std::size_t>(source.peer)];
    if (!p.failure.ok()) return p.failure;
    if (source.peer == options_.rank) {
      const Key& key = imports_[source.handle].key;
      std::memmove(get.destination, reinterpret_cast<std::byte*>(key.address) + get.source_offset,
                   get.bytes);
    }
    if (source.peer == options_.rank || get.bytes == 0) {
      if (get.completed != nullptr) ++*get.completed;
    } else {
      gets_.push_back(get);
    }
  }
  post_gets();
  return {};
}

Status Transport::get_one(const Get& get) {
  const int peer = get.source->peer;
  Peer& p = peers_[static_cast<std::size_t>(peer)];
  if (!p.failure.ok()) return p.failure;
  if (!ready(peer) || room(p) < 2) return queue_full();
  Local local;
  const Status status = borrow(get.destination, get.bytes, true, &local);
  if (!status.ok()) return status;
  ibv_sge part{local.address, static_cast<std::uint32_t>(get.bytes), local.key};
  ibv_send_wr read{};
  read.opcode = IBV_WR_RDMA_READ;
  read.sg_list = &part;
  read.num_sge = 1;
  const Key& key = imports_[get.source->handle].key;
  read.wr.rdma.remote_addr = key.address + get.source_offset;
  read.wr.rdma.rkey = key.rkey;
  const Status sent = post(peer, &read, 1, true);
  if (!sent.ok()) return sent;
  local.holds.last = p.posted;
  local.holds.completed = get.completed;
  p.pending.push_back(std::move(local.holds));
  return {};
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
