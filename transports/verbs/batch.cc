// Puts become work requests: entries of the eager ring, or writes with records behind them.
#include "batch.h"

#include <algorithm>
#include <cstring>

namespace weft::verbs {

using transport::Put;
using transport::queue_full;
using transport::SignalOp;
using transport::Status;

namespace {

// What a put may add to the chain of one lane.
constexpr int kMostPerPut = 2;

}  // namespace

// Whether every lane can take what a put may need; for its records, the peer must have receives.
bool Batch::has_room(bool for_records) const {
  return std::ranges::all_of(peer_.active, [&](int i) {
    const Lane& lane = peer_.at(i);
    return lane.room() >= kMostPerPut && (!for_records || lane.credits > 0);
  });
}

// In the chains.
void Batch::make_room() {
  const bool crowded = std::ranges::any_of(peer_.active, [&](int i) {
    return chains_[static_cast<std::size_t>(i)].count() + kMostPerPut > Chain::kMost;
  });
  if (crowded) flush();
}

Record Batch::make_record(const Order& order, bool with_payload) {
  const Put& put = order.put;
  Record record;
  record.kind = put.signal == SignalOp::set ? RecordKind::set : RecordKind::add;
  record.number = peer_.sent++;
  record.ring_credits = peer_.ring.take_owed();
  record.value = put.signal_value;
  record.signal = Spot::of(order.word->region, order.word->generation, put.signal_offset);
  if (!with_payload || put.bytes == 0) return record;
  record.target = Spot::of(order.target->region, order.target->generation, put.target_offset);
  record.payload_bytes = static_cast<std::uint16_t>(put.bytes);
  return record;
}

// Over the lane whose turn it is.
void Batch::send_entry(const Order& order, bool with_payload) {
  const int number = peer_.active[peer_.turn];
  const auto index = static_cast<std::size_t>(number);
  Lane& lane = peer_.at(number);
  const Record record = make_record(order, with_payload);
  const EagerRing::Outgoing out = peer_.ring.write(record, order.put.source);
  Chain& chain = chains_[index];
  ibv_send_wr& write = chain.add(lane, IBV_WR_RDMA_WRITE);
  write.wr.rdma.remote_addr = lane.ring_address + out.slot_offset;
  write.wr.rdma.rkey = lane.ring_rkey;
  chain.add_part(out.entry, out.bytes, peer_.buffers.registration->handles[index]->lkey);
  if (out.bytes <= lane.pair.inline_bytes) write.send_flags = IBV_SEND_INLINE;
  peer_.turn = (peer_.turn + 1) % peer_.active.size();
}

void Batch::send_record(int number, const Record& record, const void* payload) {
  Lane& lane = peer_.at(number);
  std::byte* place = lane.send_places + lane.sends % lane.window * kReceiveBytes;
  add_send(&chains_[static_cast<std::size_t>(number)], peer_, number, record, payload, place);
  ++lane.sends;
  --lane.credits;
  lane.dirty = false;
}

// The signal's record over the lane whose turn it is, behind notices on the other lanes that were
// written to.
void Batch::send_records(const Order& order, bool with_payload) {
  const int current = peer_.active[peer_.turn];
  for (const int number : peer_.active) {
    if (number == current || !peer_.at(number).dirty) continue;
    Record notice;
    notice.kind = RecordKind::notice;
    notice.number = peer_.sent++;
    send_record(number, notice, nullptr);
  }
  Record record = make_record(order, with_payload);
  record.credits = peer_.at(current).take_owed();
  send_record(current, record, order.put.source);
  peer_.turn = (peer_.turn + 1) % peer_.active.size();
}

Status Batch::queue(const Order& order) {
  const Put& put = order.put;
  make_room();
  if (!peer_.failure.ok()) return peer_.failure;
  const bool signals = put.signal != SignalOp::none;
  const bool device = on_device(order);
  const bool dirty = std::ranges::any_of(peer_.active, [&](int i) { return peer_.at(i).dirty; });
  const bool ring_works = signals && peer_.ring.joined();
  const bool entry = ring_works && !device && put.bytes <= kEntryPayload;
  // An entry overtakes what was written before it, unless the device places in order.
  const bool eager = peer_.in_order ? ring_works : entry && !dirty;
  if (!has_room(signals && !eager) || (eager && !peer_.ring.has_room())) return queue_full();
  const bool fits = put.bytes + sizeof(Record) <= kReceiveBytes;
  const bool together = eager ? entry : signals && !device && fits;
  if (put.bytes > 0 && !together) {
    const Status status = write(order, device);
    if (!status.ok() || peer_.pieces) return status;  // in pieces, its signal comes behind them
  } else if (put.completed != nullptr) {
    ++*put.completed;
  }
  if (eager) {
    send_entry(order, together);
  } else if (signals) {
    send_records(order, together);
  }
  return {};
}

Status Batch::put(const Put& put) {
  if (peer_.pieces && !continue_put()) return queue_full();
  if (!peer_.failure.ok()) return peer_.failure;
  const transport::Imports<Key>& imports = context_.imports;
  const Status status =
      queue({put, put.bytes > 0 ? &imports[*put.target] : nullptr,
             put.signal != SignalOp::none ? &imports[*put.signal_memory] : nullptr});
  if (status.ok() && peer_.pieces) continue_put();
  return status;
}

bool Batch::flush() {
  for (std::size_t i = 0; i < context_.rails.size(); ++i) {
    Chain& chain = chains_[i];
    if (!peer_.failure.ok()) chain.forget();
    if (!chain.empty()) peers_.post(peer_, static_cast<int>(i), &chain);
  }
  return peer_.failure.ok();
}

}  // namespace weft::verbs
