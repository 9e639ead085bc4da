#include "arrivals.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace weft::verbs {

namespace {

constexpr int kBatch = 16;
constexpr std::size_t kLeastRecord = sizeof(Record) - sizeof(Spot);

// After a work request failed: the port itself may be why. (The error may come before the port is
// known to be down.)
std::string what_to_check(const Device& device) {
  ibv_port_attr port{};
  if (ibv_query_port(device.context.get(), device.port, &port) == 0 &&
      port.state != IBV_PORT_ACTIVE) {
    return fmt::format("the cable and the interface: port {} is {}", device.port,
                       ibv_port_state_str(port.state));
  }
  return "the peer's process, the cable and the interface, and the routes between the addresses";
}

std::string story_of(const Rail& rail, const ibv_wc& completion) {
  return fmt::format("{}: queue pair {}: {} (vendor syndrome {:#x}); check {}", rail.name(),
                     completion.qp_num, ibv_wc_status_str(completion.status), completion.vendor_err,
                     what_to_check(rail.device()));
}

}  // namespace

// A record whose turn it is: its payload, of `most` bytes at most, and its signal. False where it
// names what it may not; the peer has failed then.
bool Arrivals::apply(Peer& p, const Record& record, const std::byte* payload, std::size_t most) {
  ++p.applied;
  if (record.kind == RecordKind::notice) return true;
  const Regions& regions = context_.regions;
  std::byte* word = regions.locate(record.signal, sizeof(std::uint64_t));
  std::byte* target =
      record.payload_bytes > 0 ? regions.locate(record.target, record.payload_bytes) : word;
  if (word == nullptr || target == nullptr || record.payload_bytes > most ||
      record.signal.offset() % 8 != 0) {
    peers_.fail(p.number, ErrorCode::peer_failed, "it named memory that is not registered here");
    return false;
  }
  if (record.payload_bytes > 0) std::memcpy(target, payload, record.payload_bytes);
  const bool adds = record.kind == RecordKind::add;
  transport::change_word(word, adds ? transport::SignalOp::add : transport::SignalOp::set,
                         record.value);
  return true;
}

// The next entry of the eager ring, where it has arrived and it is its turn.
bool Arrivals::take_entry(Peer& p) {
  Entry entry;
  if (!p.ring.take(p.applied, &entry)) return false;
  p.ring.add_credits(entry.record.ring_credits);
  apply(p, entry.record, entry.payload, kEntryPayload);
  return true;
}

// The next record that came by SEND, likewise.
bool Arrivals::take_held(Peer& p) {
  Held& held = p.held[p.applied % p.held.size()];
  if (held.slot < 0) return false;
  const Held now = held;
  held.slot = -1;
  Rail& rail = context_.rail(now.rail);
  Record record;
  std::memcpy(&record, rail.arrival(now.slot), sizeof(record));
  ++p.at(now.rail).owed;
  const bool fine =
      apply(p, record, rail.arrival(now.slot) + sizeof(record), kReceiveBytes - sizeof(record));
  rail.post_receive(now.slot);
  if (fine) peers_.return_credits(p, now.rail);
  return true;
}

// Everything whose turn it is or becomes.
void Arrivals::take_in_turn(Peer& p) {
  bool moved = true;
  while (moved && !p.held.empty()) moved = take_held(p) || (p.ring.is_open() && take_entry(p));
}

void Arrivals::arrived(Peer& p, int rail, int slot) {
  Rail& at = context_.rail(rail);
  Record record;
  std::memcpy(&record, at.arrival(slot), sizeof(record));
  p.at(rail).credits += record.credits;
  p.ring.add_credits(record.ring_credits);
  if (record.kind == RecordKind::credits) {
    at.post_receive(slot);
    return;
  }
  Held& place = p.held[record.number % p.held.size()];
  const auto ahead = static_cast<std::uint16_t>(record.number - p.applied);
  if (place.slot >= 0 || ahead >= p.held.size()) {
    at.post_receive(slot);
    peers_.fail(p.number, ErrorCode::peer_failed, "it sent a record out of all order");
    return;
  }
  place = {rail, slot};
  take_in_turn(p);
}

int Arrivals::take_receives() {
  int events = 0;
  for (std::size_t i = 0; i < context_.rails.size(); ++i) {
    Rail& rail = *context_.rails[i];
    ibv_wc completions[kBatch];
    const int count = ibv_poll_cq(rail.arrivals(), kBatch, completions);
    for (int c = 0; c < count; ++c) {
      const ibv_wc& completion = completions[c];
      const int slot = static_cast<int>(completion.wr_id);
      const int number = rail.peer_of(completion.qp_num);
      if (completion.status == IBV_WC_SUCCESS && completion.byte_len >= kLeastRecord &&
          number >= 0 && !peers_[number].held.empty()) {
        arrived(peers_[number], static_cast<int>(i), slot);
      } else {
        rail.post_receive(slot);
      }
    }
    events += std::max(count, 0);
  }
  return events;
}

int Arrivals::take_entries() {
  int events = 0;
  // One that fails is polled no more: the list becomes shorter.
  for (std::size_t i = 0; i < peers_.polled().size(); ++i) {
    Peer& p = peers_[peers_.polled()[i]];
    const std::uint64_t before = p.ring.taken();
    if (!p.ring.begins() || !take_entry(p)) continue;
    take_in_turn(p);
    events += p.failure.ok() ? static_cast<int>(p.ring.taken() - before) : 1;
    if (!p.active.empty()) peers_.return_credits(p, p.active.front());
  }
  return events;
}

void Arrivals::complete(Lane& lane, Rail& rail, std::uint64_t up_to) {
  lane.completed = std::max(lane.completed, up_to);
  while (!lane.pending.empty() && lane.pending.front().last <= up_to) {
    const Pending done = lane.pending.front();
    lane.pending.pop();
    context_.finish(rail, done, true);
  }
}

int Arrivals::take_completions() {
  int events = 0;
  for (std::size_t i = 0; i < context_.rails.size(); ++i) {
    Rail& rail = *context_.rails[i];
    ibv_wc completions[kBatch];
    const int count = ibv_poll_cq(rail.sends(), kBatch, completions);
    for (int c = 0; c < count; ++c) {
      const ibv_wc& completion = completions[c];
      const int number = rail.peer_of(completion.qp_num);
      if (number < 0) continue;  // of a peer that failed
      if (completion.status != IBV_WC_SUCCESS) {
        peers_.fail(number, ErrorCode::peer_failed, story_of(rail, completion));
        continue;
      }
      Peer& p = peers_[number];
      Lane& lane = p.lane[i];
      --lane.awaited;
      --context_.awaited;
      complete(lane, rail, completion.wr_id);
      peers_.return_credits(p, static_cast<int>(i));
    }
    events += std::max(count, 0);
  }
  return events;
}

}  // namespace weft::verbs
