// Bytes that go by RDMA WRITE and READ: in one piece, one over each lane, or, where the memory here
// cannot be registered, in pieces by way of a rail's buffers.
#include <algorithm>
#include <cstring>

#include "batch.h"

namespace weft::verbs {

using transport::Put;
using transport::queue_full;
using transport::Status;

namespace {

// Larger ones are shared out among the lanes, in pieces of whole pages.
constexpr std::size_t kWholeBytes = kStagedBytes;
constexpr std::size_t kPieceUnit = 4096;

}  // namespace

// Whether the processor must not touch what the put reads or writes.
bool Batch::on_device(const Order& order) {
  if (order.put.bytes == 0) return false;
  if (order.target->device != 0) return true;
  Registrations& registrations = context_.registrations;
  if (!registrations.has_device_memory()) return false;
  const Registration* found = registrations.find(order.put.source, order.put.bytes, Access::read);
  return found != nullptr && found->device;
}

// In a slot of the rail's buffers, on its way there or from there.
void Batch::stage(const Movement& m, Rail& rail, int slot, Local* out) {
  out->address = rail.staging(slot);
  out->holds.staging = slot;
  if (m.opcode == IBV_WR_RDMA_WRITE) {
    std::memcpy(out->address, m.local, m.bytes);
  } else {
    out->holds.copy_to = m.local;
    out->holds.copy_bytes = m.bytes;
  }
}

// Memory that the device may touch until the work request completes: registered already, staged, or
// registered for this once. What is too large for that and cannot be registered, the processor or
// the system being short of something, is no fault of the peer's.
Batch::Moved Batch::borrow(const Movement& m, Rail& rail, Local* out) {
  Registrations& registrations = context_.registrations;
  out->address = m.local;
  const bool source = m.opcode == IBV_WR_RDMA_WRITE;
  const Access access = source ? Access::read : Access::all;
  if (m.bytes <= kStagedBytes && registrations.find(m.local, m.bytes, access) == nullptr) {
    const int slot = rail.take_staging();
    if (slot < 0) return Moved::no_room;
    stage(m, rail, slot, out);
    return Moved::yes;
  }
  const Status status = source ? registrations.acquire_source(m.local, m.bytes, &out->registration)
                               : registrations.acquire(m.local, m.bytes, &out->registration);
  out->holds.registration = out->registration;
  return status.ok() ? Moved::yes : Moved::unregistrable;
}

// Every active lane has room.
Batch::Moved Batch::move(const Movement& m) {
  const std::size_t lanes = m.bytes > kWholeBytes ? peer_.active.size() : 1;
  const std::size_t unit = lanes == 1 ? m.bytes : kPieceUnit;
  const std::size_t most = (m.bytes / lanes + unit - 1) / unit * unit;
  const auto index_of = [&](std::size_t i) {
    return static_cast<std::size_t>(peer_.active[(peer_.turn + i) % peer_.active.size()]);
  };
  const bool write = m.opcode == IBV_WR_RDMA_WRITE;
  const bool inlined = write && m.may_copy && m.bytes <= peer_.lane[index_of(0)].pair.inline_bytes;
  Local local;
  local.address = m.local;
  int transfer = m.transfer;
  if (!inlined) {
    const Moved moved = borrow(m, *context_.rails[index_of(0)], &local);
    if (moved != Moved::yes) return moved;
    if (transfer < 0 && lanes > 1) transfer = context_.transfers.start(m.completed);
    local.holds.transfer = transfer;
    local.holds.completed = transfer < 0 ? m.completed : nullptr;
  } else if (m.completed != nullptr) {
    ++*m.completed;
  }
  std::size_t offset = 0;
  for (std::size_t i = 0; i < lanes; ++i) {
    const std::size_t index = index_of(i);
    const std::size_t bytes = i + 1 == lanes ? m.bytes - offset : std::min(most, m.bytes - offset);
    Lane& lane = peer_.lane[index];
    Chain& chain = chains_[index];
    ibv_send_wr& request = chain.add(lane, m.opcode);
    request.wr.rdma.remote_addr = m.remote->address + m.offset + offset;
    request.wr.rdma.rkey = m.remote->rkeys[index];
    const std::uint32_t key = inlined ? 0
                              : local.registration != nullptr
                                  ? local.registration->handles[index]->lkey
                                  : context_.rails[index]->buffer_key();
    chain.add_part(local.address + offset, bytes, key);
    lane.dirty = lane.dirty || write;
    offset += bytes;
    if (inlined) {
      request.send_flags = IBV_SEND_INLINE;
      continue;
    }
    if (i > 0 && local.holds.registration != nullptr) ++local.holds.registration->references;
    if (transfer >= 0) context_.transfers.add_piece(transfer);
    local.holds.last = lane.posted;
    lane.pending.push(local.holds);
    chain.complete();
  }
  if (transfer >= 0 && m.transfer < 0) context_.transfers.finish(transfer, true);  // no more pieces
  return Moved::yes;
}

// Ok also where the peer's put goes in pieces now: it is queued then, and continue_put() sends it.
Status Batch::write(const Order& order, bool device) {
  const Put& put = order.put;
  Movement movement;
  movement.local = static_cast<std::byte*>(const_cast<void*>(put.source));
  movement.remote = order.target;
  movement.offset = put.target_offset;
  movement.bytes = put.bytes;
  movement.may_copy = !device;
  movement.completed = put.completed;
  switch (move(movement)) {
    case Moved::yes:
      break;
    case Moved::no_room:
      return queue_full();
    case Moved::unregistrable:
      peer_.pieces = {put, *order.target, order.word != nullptr ? *order.word : Key{}, 0};
      break;
  }
  return {};
}

bool Batch::continue_put() {
  PutInPieces& pieces = *peer_.pieces;
  const std::size_t bytes = pieces.put.bytes;
  while (pieces.done < bytes) {
    make_room();
    if (!peer_.failure.ok()) return true;
    if (!has_room(false)) return false;
    Movement piece;
    piece.local = static_cast<std::byte*>(const_cast<void*>(pieces.put.source)) + pieces.done;
    piece.remote = &pieces.target;
    piece.offset = pieces.put.target_offset + pieces.done;
    piece.bytes = std::min(kStagedBytes, bytes - pieces.done);
    if (move(piece) != Moved::yes) return false;
    pieces.done += piece.bytes;
    peer_.turn = (peer_.turn + 1) % peer_.active.size();
  }
  // All of it has been copied: the signal, and the source is the caller's again.
  Put rest = pieces.put;
  rest.bytes = 0;
  const Key word = pieces.word;
  const std::optional<PutInPieces> kept = std::exchange(peer_.pieces, std::nullopt);
  const Status status = queue({rest, nullptr, &word});
  if (status.code != ErrorCode::no_resources) return true;
  peer_.pieces = kept;
  return false;
}

bool Batch::get(WaitingGet* waiting) {
  const transport::Get& get = waiting->get;
  if (waiting->transfer >= 0) return get_pieces(waiting);
  make_room();
  if (!peer_.failure.ok() || !has_room(false)) return false;
  Movement movement;
  movement.opcode = IBV_WR_RDMA_READ;
  movement.local = static_cast<std::byte*>(get.destination);
  movement.remote = &waiting->source;
  movement.offset = get.source_offset;
  movement.bytes = get.bytes;
  movement.completed = get.completed;
  const Moved moved = move(movement);
  if (moved != Moved::unregistrable) return moved == Moved::yes;
  waiting->transfer = context_.transfers.start(get.completed);
  return get_pieces(waiting);
}

bool Batch::get_pieces(WaitingGet* waiting) {
  const transport::Get& get = waiting->get;
  while (waiting->done < get.bytes) {
    make_room();
    if (!peer_.failure.ok() || !has_room(false)) return false;
    Movement piece;
    piece.opcode = IBV_WR_RDMA_READ;
    piece.local = static_cast<std::byte*>(get.destination) + waiting->done;
    piece.remote = &waiting->source;
    piece.offset = get.source_offset + waiting->done;
    piece.bytes = std::min(kStagedBytes, get.bytes - waiting->done);
    piece.transfer = waiting->transfer;
    if (move(piece) != Moved::yes) return false;
    waiting->done += piece.bytes;
    peer_.turn = (peer_.turn + 1) % peer_.active.size();
  }
  context_.transfers.finish(waiting->transfer, true);
  waiting->transfer = -1;
  return true;
}

}  // namespace weft::verbs
