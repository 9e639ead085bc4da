// Puts become work requests: mail, or writes with records behind them.
#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "mail.h"
#include "transport.h"

namespace weft::verbs {

using transport::Put;
using transport::queue_full;
using transport::SignalOp;
using transport::Status;

namespace {

// What a put may add to the chain of one lane.
constexpr int kMostPerPut = 2;

}  // namespace

// What is wrong with a put; null: nothing, and *number is its peer.
const char* Transport::fault_of(const Put& put, int* number) const {
  if (const char* fault = transport::fault_of(put, number)) return fault;
  if (put.signal != SignalOp::none && imports_[*put.signal_memory].device != 0)
    return "a signal in a device's memory";
  return nullptr;
}

// To this rank itself.
Status Transport::put_here(const Put& put) {
  const auto spot = [&](const transport::RemoteMemory& memory, std::uint64_t offset) {
    const Key& key = imports_[memory];
    return Spot::of(key.region, key.generation, offset);
  };
  if (put.bytes > 0) {
    std::byte* target = regions_.locate(spot(*put.target, put.target_offset), put.bytes);
    if (target == nullptr) return Status::error(ErrorCode::invalid_argument, "released memory");
    std::memmove(target, put.source, put.bytes);
  }
  if (put.signal != SignalOp::none) {
    std::byte* word = regions_.locate(spot(*put.signal_memory, put.signal_offset), 8);
    if (word == nullptr) return Status::error(ErrorCode::invalid_argument, "released memory");
    transport::change_word(word, put.signal, put.signal_value);
  }
  if (put.completed != nullptr) ++*put.completed;
  return {};
}

// Whether every lane can take what a put may need; for its records, the peer must have receives.
bool Transport::has_room(const Peer& p, bool for_records) const {
  return std::ranges::all_of(p.active, [&](int i) {
    const Lane& lane = p.lane[static_cast<std::size_t>(i)];
    return lane.room() >= kMostPerPut && (!for_records || lane.credits > 0);
  });
}

// In the chains.
void Transport::make_room(Peer& p) {
  const bool crowded = std::ranges::any_of(p.active, [&](int i) {
    return chains_[static_cast<std::size_t>(i)].count() + kMostPerPut > Chain::kMost;
  });
  if (crowded) flush(p);
}

Record Transport::make_record(const Put& put, Peer& p, bool with_payload) {
  Record record;
  record.kind = put.signal == SignalOp::set ? RecordKind::set : RecordKind::add;
  record.number = p.sent++;
  record.mail_credits = static_cast<std::uint8_t>(std::exchange(p.mail.owed, 0));
  record.value = put.signal_value;
  const Key& word = imports_[*put.signal_memory];
  record.signal = Spot::of(word.region, word.generation, put.signal_offset);
  if (!with_payload || put.bytes == 0) return record;
  const Key& key = imports_[*put.target];
  record.target = Spot::of(key.region, key.generation, put.target_offset);
  record.payload_bytes = static_cast<std::uint16_t>(put.bytes);
  return record;
}

// Over the lane whose turn it is. The letter stays in the outbox until the peer has read it: its
// credit says so.
void Transport::send_mail(const Put& put, Peer& p, bool with_payload) {
  const int number = p.active[p.turn];
  const auto index = static_cast<std::size_t>(number);
  Lane& lane = p.lane[index];
  const Record record = make_record(put, p, with_payload);
  const std::size_t slot = p.mail.sent % p.mail.peer_slots * kMailBytes;
  std::byte* letter = p.mail.outbox + p.mail.sent % p.mail.slots * kMailBytes;
  write_mail(letter, record, put.source, ++p.mail.sent);
  --p.mail.credits;
  Chain& chain = chains_[index];
  ibv_send_wr& write = chain.add(lane, IBV_WR_RDMA_WRITE);
  write.wr.rdma.remote_addr = lane.mail_address + slot;
  write.wr.rdma.rkey = lane.mail_rkey;
  const std::size_t bytes = mail_bytes(record);
  chain.add_part(letter, bytes, p.desk.registration->handles[index]->lkey);
  if (bytes <= lane.pair.inline_bytes) write.send_flags = IBV_SEND_INLINE;
  p.turn = (p.turn + 1) % p.active.size();
}

// A SEND: inline where it fits, else from the lane's ring.
void Transport::send_record(Peer& p, int number, const Record& record, const void* payload) {
  const auto index = static_cast<std::size_t>(number);
  Lane& lane = p.lane[index];
  Chain& chain = chains_[index];
  const std::size_t bytes = record.bytes() + record.payload_bytes;
  if (bytes <= lane.pair.inline_bytes) {
    chain.add_record(lane, record, payload);
  } else {
    std::byte* place = lane.ring + lane.sends % lane.window * kReceiveBytes;
    std::memcpy(place, &record, sizeof(record));
    std::memcpy(place + sizeof(record), payload, record.payload_bytes);
    chain.add(lane, IBV_WR_SEND);
    chain.add_part(place, bytes, p.desk.registration->handles[index]->lkey);
  }
  ++lane.sends;
  --lane.credits;
  lane.dirty = false;
}

// The signal's record over the lane whose turn it is, behind notices on the other lanes that were
// written to.
void Transport::send_records(const Put& put, Peer& p, bool with_payload) {
  const int current = p.active[p.turn];
  for (const int number : p.active) {
    if (number == current || !p.lane[static_cast<std::size_t>(number)].dirty) continue;
    Record notice;
    notice.kind = RecordKind::notice;
    notice.number = p.sent++;
    send_record(p, number, notice, put.source);
  }
  Record record = make_record(put, p, with_payload);
  record.credits = p.lane[static_cast<std::size_t>(current)].take_owed();
  send_record(p, current, record, put.source);
  p.turn = (p.turn + 1) % p.active.size();
}

// *status stays ok where all of it was queued.
void Transport::put_one(const Put& put, Peer& p, Status* status) {
  make_room(p);
  if (!p.failure.ok()) {
    *status = p.failure;
    return;
  }
  const bool signals = put.signal != SignalOp::none;
  const bool device = on_device(put);
  const bool dirty = std::ranges::any_of(
      p.active, [&](int i) { return p.lane[static_cast<std::size_t>(i)].dirty; });
  const bool mail_works = signals && p.mail.window > 0;
  const bool letter = mail_works && !device && put.bytes <= kMailPayload;
  // Mail overtakes what was written before it, unless the device places in order.
  const bool mailed = p.in_order ? mail_works : letter && !dirty;
  if (!has_room(p, signals && !mailed) || (mailed && p.mail.credits == 0)) {
    *status = queue_full();
    return;
  }
  const bool fits = put.bytes + sizeof(Record) <= kReceiveBytes;
  const bool together = mailed ? letter : signals && !device && fits;
  if (put.bytes > 0 && !together) {
    *status = write(put, p, device);
    if (!status->ok()) return;
  } else if (put.completed != nullptr) {
    ++*put.completed;
  }
  if (mailed) {
    send_mail(put, p, together);
  } else if (signals) {
    send_records(put, p, together);
  }
}

bool Transport::post_now(Peer& p, int number, Chain& chain) {
  const int error = chain.post(p.lane[static_cast<std::size_t>(number)], &awaited_);
  if (error == 0) return true;
  fail_peer(number_of(p), ErrorCode::peer_failed,
            rails_[static_cast<std::size_t>(number)]->name() +
                ": posting a work request: " + std::strerror(error));
  return false;
}

// Posts what the chains hold for this peer. False where it has failed.
bool Transport::flush(Peer& p) {
  for (int i = 0; i < static_cast<int>(rails_.size()); ++i) {
    Chain& chain = chains_[static_cast<std::size_t>(i)];
    if (!p.failure.ok()) chain.forget();
    if (!chain.empty()) post_now(p, i, chain);
  }
  return p.failure.ok();
}

Status Transport::put(std::span<const Put> puts, std::size_t* posted) {
  *posted = 0;
  Peer* open = nullptr;  // whose work requests the chains hold
  Status status;
  for (const Put& put : puts) {
    int number = -1;
    if (const char* fault = fault_of(put, &number)) {
      status = Status::error(ErrorCode::invalid_argument, fault);
      break;
    }
    Peer& p = peer(number);
    if (open != nullptr && open != &p) flush(*open);
    open = &p;
    if (p.failure.ok() && p.stage == Stage::idle && number != options_.rank) offer(number);
    if (!p.failure.ok()) {
      status = p.failure;
    } else if (number == options_.rank) {
      status = put_here(put);
    } else if (p.stage == Stage::ready) {
      put_one(put, p, &status);
    } else {
      status = queue_full();
    }
    if (!status.ok()) break;
    ++*posted;
  }
  if (open != nullptr && !flush(*open) && status.ok()) status = open->failure;
  return status;
}

}  // namespace weft::verbs
