// Queue pairs come to be: offered over the TCP connection at the first use, by one side or both.
// Each side offers one for every lane and, once it has the other's, says which of them work.
#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "base/populate.h"
#include "peers.h"

namespace weft::verbs {

using transport::Status;

// This side's queue pair of a lane; false and peer.trouble where there is none.
bool Peers::make_queue_pair(Peer& p, int number) {
  Rail& rail = context_.rail(number);
  Lane& lane = p.at(number);
  if (!rail.trouble().empty()) {
    p.trouble = rail.trouble();
    return false;
  }
  const Status status = rail.make_queue_pair(&lane.pair);
  if (!status.ok()) {
    p.trouble = status.message;
    return false;
  }
  lane.pending.reserve(lane.pair.sends);
  // A number may have been that of a queue pair that is gone: what it left behind is of nobody.
  while (inbox_->take_receives() + inbox_->take_completions() > 0) {
  }
  rail.name_peer(lane.pair.number(), p.number);
  return true;
}

// An eager ring while there are some left, places for the SENDs of each lane, and some more for
// those that carry nothing but credits.
bool Peers::open_buffers(Peer& p) {
  const std::uint32_t slots = rings_left_ > 0 ? ring_slots_ : 0;
  const auto sends_of = [&](int lane) {
    return context_.rail(lane).peer_credits() * kReceiveBytes;
  };
  constexpr std::size_t kCreditBytes = kSpareReceives * sizeof(Record);
  PeerBuffers& buffers = p.buffers;
  buffers.bytes = EagerRing::bytes(slots);
  for (int i = 0; i < p.lanes; ++i) buffers.bytes += sends_of(i) + kCreditBytes;
  buffers.bytes = transport::whole_pages(buffers.bytes);
  Status status = map_populated(buffers.bytes, &buffers.memory);
  if (!status.ok()) {
    p.trouble = status.message;
    return false;
  }
  status =
      context_.registrations.acquire_strict(buffers.memory, buffers.bytes, &buffers.registration);
  if (!status.ok()) {
    p.trouble = status.message;
    return false;
  }
  std::byte* next = buffers.memory + EagerRing::bytes(slots);
  for (int i = 0; i < p.lanes; ++i) {
    Lane& lane = p.at(i);
    lane.send_places = next;
    lane.credit_places = next + sends_of(i);
    next = lane.credit_places + kCreditBytes;
  }
  if (slots == 0) return true;
  --rings_left_;
  p.ring.open(buffers.memory, slots, context_.settings.first_entry);
  return true;
}

void Peers::close_buffers(Peer& p) {
  if (p.buffers.registration != nullptr) context_.registrations.release(p.buffers.registration);
  if (p.buffers.memory != nullptr) munmap(p.buffers.memory, p.buffers.bytes);
  if (p.ring.is_open()) ++rings_left_;
  p.buffers = {};
  p.ring = {};
}

Frame Peers::offer_of(const Peer& p, int number) const {
  const Lane& lane = p.at(number);
  const Rail& rail = context_.rail(number);
  const Device& device = rail.device();
  const PortAddress own = device.local_port().address;
  Frame frame;
  frame.queue_pair = lane.pair.number();
  frame.psn = lane.pair.psn;
  frame.lid = own.lid;
  frame.grh_required = own.grh_required ? 1 : 0;
  std::memcpy(frame.gid.data(), own.gid.raw, frame.gid.size());
  frame.mtu = static_cast<std::uint8_t>(device.attributes.active_mtu);
  frame.max_reads = static_cast<std::uint8_t>(std::clamp(device.limits.max_qp_rd_atom, 1, 16));
  frame.in_order = rail.in_order() ? 1 : 0;
  frame.credits = rail.peer_credits();
  frame.ring_slots = p.ring.slots();
  if (!p.ring.is_open()) return frame;
  frame.ring_address = reinterpret_cast<std::uint64_t>(p.ring.inbox());
  frame.ring_rkey = p.buffers.registration->handles[static_cast<std::size_t>(number)]->rkey;
  return frame;
}

// Makes this side's queue pairs and tells the peer.
bool Peers::offer(Peer& p) {
  if (p.stage != Stage::idle) return true;
  const bool buffers = open_buffers(p);
  int made = 0;
  std::vector<Frame> frames(static_cast<std::size_t>(p.lanes));
  for (int i = 0; i < p.lanes; ++i) {
    Frame& frame = frames[static_cast<std::size_t>(i)];
    if (buffers && make_queue_pair(p, i)) {
      frame = offer_of(p, i);
      ++made;
    }
    frame.message = Message::queue_pair;
    frame.lane = static_cast<std::uint8_t>(i);
  }
  if (made == 0) {
    fail(p.number, ErrorCode::no_resources, p.trouble);
    return false;
  }
  p.stage = Stage::offered;
  ++connecting_;
  for (const Frame& frame : frames) control_->send(p.number, frame);
  return true;
}

// While all ports are down it waits for one to come back: addresses may not resolve now.
bool Peers::ready(Peer& p) {
  const auto down = [](const auto& rail) { return rail->down(); };
  if (p.stage == Stage::idle && p.failure.ok() && !std::ranges::all_of(context_.rails, down))
    offer(p);
  return p.stage == Stage::ready;
}

// Connects a lane's queue pair to what the peer has offered; false and p.trouble where that fails.
bool Peers::join_lane(Peer& p, const Frame& frame) {
  Lane& lane = p.at(frame.lane);
  if (frame.queue_pair == 0) {
    p.trouble = fmt::format("rank {} cannot use its device {} for it", p.number, frame.lane);
    return false;
  }
  if (lane.pair.handle == nullptr) return false;
  const Rail& rail = context_.rail(frame.lane);
  const Status status =
      connect_queue_pair(rail.device(), context_.settings.limits, lane.pair, frame);
  if (!status.ok()) {
    p.trouble = status.message;
    return false;
  }
  lane.window = lane.credits = std::min(frame.credits, rail.peer_credits());
  lane.ring_address = frame.ring_address;
  lane.ring_rkey = frame.ring_rkey;
  lane.in_order = frame.in_order != 0;
  p.ring.join(frame.ring_slots);
  return true;
}

void Peers::take_offer(Peer& p, const Frame& frame) {
  if (frame.lane >= p.lanes) return;
  const int bit = 1 << frame.lane;
  if ((p.answered & bit) != 0 || !offer(p)) return;
  p.answered = static_cast<std::uint8_t>(p.answered | bit);
  if (join_lane(p, frame)) p.usable = static_cast<std::uint8_t>(p.usable | bit);
  if (std::popcount(p.answered) < p.lanes) return;
  open_arrivals(p);
  Frame ready;
  ready.message = Message::ready;
  ready.usable = p.usable;
  control_->send(p.number, ready);
}

// From now on the peer may send: its word that it is ready may come later than what it sends then.
void Peers::open_arrivals(Peer& p) {
  std::uint32_t window = 0;
  for (int i = 0; i < p.lanes; ++i) window += context_.rail(i).peer_credits() + kSpareReceives;
  p.held.assign(std::bit_ceil(window), {});
  if (p.ring.is_open()) polled_.push_back(p.number);
}

void Peers::leave_out(Peer& p, int lane) {
  if (p.lanes > 1) {
    context_.log(fmt::format("{} is not used for rank {}: {}", context_.rail(lane).name(), p.number,
                             p.trouble.empty() ? "the other side cannot" : p.trouble));
  }
  forget_lane(p, lane);
}

// Both sides have said which lanes work; those that do not are left out, with a word.
void Peers::take_ready(Peer& p, std::uint8_t usable) {
  if (p.stage != Stage::offered || std::popcount(p.answered) < p.lanes) return;
  for (int i = 0; i < p.lanes; ++i) {
    if ((p.usable & usable & (1 << i)) != 0) {
      p.active.push_back(i);
    } else {
      leave_out(p, i);
    }
  }
  if (p.active.empty()) {
    fail(p.number, ErrorCode::peer_failed,
         p.trouble.empty() ? "the peer has no device that works" : p.trouble);
    return;
  }
  p.in_order = p.active.size() == 1 && p.at(p.active.front()).in_order;
  p.stage = Stage::ready;
  --connecting_;
  ++ready_;
  for (const int lane : p.active) return_credits(p, lane);
}

void Peers::received(int number, const Frame& frame) {
  Peer& p = (*this)[number];
  switch (frame.message) {
    case Message::hello:
      break;
    case Message::queue_pair:
      take_offer(p, frame);
      break;
    case Message::ready:
      take_ready(p, frame.usable);
      break;
    case Message::leave: {
      const std::string cause(frame.cause.data(), strnlen(frame.cause.data(), frame.cause.size()));
      fail(number, ErrorCode::peer_failed,
           "it has ended the connection" + (cause.empty() ? "" : ": " + cause));
      break;
    }
    case Message::bye:
      fail(number, ErrorCode::peer_failed, "it has closed its transport", false);
      break;
  }
}

}  // namespace weft::verbs
