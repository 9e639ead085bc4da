// What peers have sent: mail and SENDs, applied in the order of their numbers.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "mail.h"
#include "transport.h"

namespace weft::verbs {

namespace {

constexpr int kBatch = 16;
constexpr std::size_t kLeastRecord = sizeof(Record) - sizeof(Spot);

}  // namespace

// A record whose turn it is: its payload, of `most` bytes at most, and its signal. False where it
// names what it may not; the peer has failed then.
bool Transport::apply(Peer& p, const Record& record, const std::byte* payload, std::size_t most) {
  ++p.applied;
  if (record.kind == RecordKind::notice) return true;
  std::byte* word = regions_.locate(record.signal, sizeof(std::uint64_t));
  std::byte* target =
      record.payload_bytes > 0 ? regions_.locate(record.target, record.payload_bytes) : word;
  if (word == nullptr || target == nullptr || record.payload_bytes > most ||
      record.signal.offset() % 8 != 0) {
    fail_peer(number_of(p), ErrorCode::peer_failed, "it named memory that is not registered here");
    return false;
  }
  if (record.payload_bytes > 0) std::memcpy(target, payload, record.payload_bytes);
  const bool adds = record.kind == RecordKind::add;
  transport::change_word(word, adds ? transport::SignalOp::add : transport::SignalOp::set,
                         record.value);
  return true;
}

// The next letter, where it has arrived and it is its turn.
bool Transport::take_mail(Peer& p) {
  Mailbox& mail = p.mail;
  std::byte* slot = mail.inbox + mail.taken % mail.slots * kMailBytes;
  Letter letter;
  if (!read_mail(slot, mail.taken + 1, &letter) || letter.record.number != p.applied) return false;
  mail.credits += letter.record.mail_credits;
  ++mail.taken;
  ++mail.owed;
  clear_mail(slot, letter.record);
  apply(p, letter.record, letter.payload, kMailPayload);
  return true;
}

// The next record that came by SEND, likewise.
bool Transport::take_held(Peer& p) {
  Held& held = p.held[p.applied % p.held.size()];
  if (held.slot < 0) return false;
  const Held now = held;
  held.slot = -1;
  Rail& rail = *rails_[static_cast<std::size_t>(now.rail)];
  Record record;
  std::memcpy(&record, rail.arrival(now.slot), sizeof(record));
  ++p.lane[static_cast<std::size_t>(now.rail)].owed;
  const bool fine =
      apply(p, record, rail.arrival(now.slot) + sizeof(record), kReceiveBytes - sizeof(record));
  rail.post_receive(now.slot);
  if (fine) return_credits(p, now.rail);
  return true;
}

// Everything whose turn it is or becomes.
void Transport::take_in_turn(Peer& p) {
  bool moved = true;
  while (moved && !p.held.empty()) moved = take_held(p) || (p.mail.slots > 0 && take_mail(p));
}

void Transport::arrived(Peer& p, int rail, int slot) {
  Rail& at = *rails_[static_cast<std::size_t>(rail)];
  Record record;
  std::memcpy(&record, at.arrival(slot), sizeof(record));
  p.lane[static_cast<std::size_t>(rail)].credits += record.credits;
  p.mail.credits += record.mail_credits;
  if (record.kind == RecordKind::credits) {
    at.post_receive(slot);
    return;
  }
  Held& place = p.held[record.number % p.held.size()];
  const auto ahead = static_cast<std::uint16_t>(record.number - p.applied);
  if (place.slot >= 0 || ahead >= p.held.size()) {
    at.post_receive(slot);
    fail_peer(number_of(p), ErrorCode::peer_failed, "it sent a record out of all order");
    return;
  }
  place = {rail, slot};
  take_in_turn(p);
}

int Transport::take_receives() {
  int events = 0;
  for (std::size_t i = 0; i < rails_.size(); ++i) {
    Rail& rail = *rails_[i];
    ibv_wc completions[kBatch];
    const int count = ibv_poll_cq(rail.arrivals(), kBatch, completions);
    for (int c = 0; c < count; ++c) {
      const ibv_wc& completion = completions[c];
      const int slot = static_cast<int>(completion.wr_id);
      const int number = rail.peer_of(completion.qp_num);
      if (completion.status == IBV_WC_SUCCESS && completion.byte_len >= kLeastRecord &&
          number >= 0 && !peer(number).held.empty()) {
        arrived(peer(number), static_cast<int>(i), slot);
      } else {
        rail.post_receive(slot);
      }
    }
    events += std::max(count, 0);
  }
  return events;
}

int Transport::take_all_mail() {
  int events = 0;
  for (std::size_t i = 0; i < correspondents_.size(); ++i) {
    Peer& p = peer(correspondents_[i]);
    const std::uint32_t before = p.mail.taken;
    const std::byte* slot = p.mail.inbox + before % p.mail.slots * kMailBytes;
    if (!mail_begins(slot, before + 1) || !take_mail(p)) continue;
    take_in_turn(p);
    events += p.failure.ok() ? static_cast<int>(p.mail.taken - before) : 1;
    if (!p.active.empty()) return_credits(p, p.active.front());
  }
  return events;
}

// Tells the peer of what it may send again, where nothing else that goes there does. It takes one
// of the receives that are kept beside the credits; two for each kind of credit can be on their way
// at most.
void Transport::return_credits(Peer& p, int number) {
  Lane& lane = p.lane[static_cast<std::size_t>(number)];
  if (p.stage != Stage::ready || lane.room() < 1) return;
  const bool due =
      lane.owed * 2 >= lane.window || (p.mail.window > 0 && p.mail.owed * 2 >= p.mail.window);
  if (!due) return;
  Record record;
  record.credits = lane.take_owed();
  record.mail_credits = static_cast<std::uint8_t>(std::exchange(p.mail.owed, 0));
  Chain chain;
  chain.add_record(lane, record, nullptr);
  post_now(p, number, chain);
}

}  // namespace weft::verbs
