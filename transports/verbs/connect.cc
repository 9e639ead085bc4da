// Queue pairs come to be: offered over the TCP connection at the first use, by one side or both.
// Each side offers one for every lane and, once it has the other's, says which of them work.
#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/populate.h"
#include "mail.h"
#include "transport.h"

namespace weft::verbs {

using transport::Failure;
using transport::Status;

// This side's queue pair of a lane; false and peer.trouble where there is none.
bool Transport::make_queue_pair(Peer& peer, int number) {
  const auto index = static_cast<std::size_t>(number);
  Rail& rail = *rails_[index];
  Lane& lane = peer.lane[index];
  if (!rail.trouble().empty()) {
    peer.trouble = rail.trouble();
    return false;
  }
  const Status status = create_queue_pair(rail.device(), settings_.limits, rail.sends(),
                                          rail.arrivals(), rail.receives(), &lane.pair);
  if (!status.ok()) {
    peer.trouble = status.message;
    return false;
  }
  lane.pending.reserve(lane.pair.sends);
  // A number may have been that of a queue pair that is gone: what it left behind is of nobody.
  while (take_receives() + take_completions() > 0) {
  }
  rail.name_peer(lane.pair.number(), number_of(peer));
  return true;
}

// Memory for the peer: an inbox and an outbox while there are some left, and a ring for each lane.
bool Transport::open_desk(Peer& p) {
  const bool mail = inboxes_left_ > 0;
  const std::size_t box = mail ? mail_slots_ * kMailBytes : 0;
  Desk& desk = p.desk;
  desk.bytes = 2 * box;
  for (int i = 0; i < p.lanes; ++i)
    desk.bytes += rails_[static_cast<std::size_t>(i)]->peer_credits() * kReceiveBytes;
  desk.bytes = transport::whole_pages(desk.bytes);
  Status status = map_populated(desk.bytes, &desk.memory);
  if (!status.ok()) {
    p.trouble = status.message;
    return false;
  }
  status = registrations_.acquire_strict(desk.memory, desk.bytes, &desk.registration);
  if (!status.ok()) {
    p.trouble = status.message;
    return false;
  }
  std::byte* next = desk.memory + 2 * box;
  for (int i = 0; i < p.lanes; ++i) {
    p.lane[static_cast<std::size_t>(i)].ring = next;
    next += rails_[static_cast<std::size_t>(i)]->peer_credits() * kReceiveBytes;
  }
  if (!mail) return true;
  --inboxes_left_;
  p.mail.inbox = desk.memory;
  p.mail.outbox = desk.memory + box;
  p.mail.slots = mail_slots_;
  return true;
}

void Transport::close_desk(Peer& p) {
  if (p.desk.registration != nullptr) registrations_.release(p.desk.registration);
  if (p.desk.memory != nullptr) munmap(p.desk.memory, p.desk.bytes);
  if (p.mail.slots > 0) ++inboxes_left_;
  p.desk = {};
  p.mail = {};
}

// Makes this side's queue pairs and tells the peer.
bool Transport::offer(int number) {
  Peer& p = peer(number);
  if (p.stage != Stage::idle) return true;
  int made = 0;
  const bool desk = open_desk(p);
  std::array<Frame, kMaxRails> frames;
  for (int i = 0; i < p.lanes; ++i) {
    const auto index = static_cast<std::size_t>(i);
    const Rail& rail = *rails_[index];
    Frame& frame = frames[index];
    frame.message = Message::queue_pair;
    frame.lane = static_cast<std::uint8_t>(i);
    if (!desk || !make_queue_pair(p, i)) continue;
    ++made;
    const Device& device = rail.device();
    frame.queue_pair = p.lane[index].pair.number();
    frame.psn = p.lane[index].pair.psn;
    frame.lid = device.attributes.lid;
    frame.mtu = static_cast<std::uint8_t>(device.attributes.active_mtu);
    frame.max_reads = static_cast<std::uint8_t>(std::clamp(device.limits.max_qp_rd_atom, 1, 16));
    frame.in_order = rail.in_order() ? 1 : 0;
    frame.credits = rail.peer_credits();
    frame.mail_slots = p.mail.slots;
    if (p.mail.slots > 0) {
      frame.mail_address = reinterpret_cast<std::uint64_t>(p.mail.inbox);
      frame.mail_rkey = p.desk.registration->handles[index]->rkey;
    }
    std::memcpy(frame.gid.data(), device.gid.raw, frame.gid.size());
  }
  if (made == 0) {
    fail_peer(number, ErrorCode::no_resources, p.trouble);
    return false;
  }
  p.stage = Stage::offered;
  ++connecting_;
  for (int i = 0; i < p.lanes; ++i) control_->send(number, frames[static_cast<std::size_t>(i)]);
  return true;
}

void Transport::take_offer(int number, const Frame& frame) {
  Peer& p = peer(number);
  const int bit = 1 << frame.lane;
  if (frame.lane >= p.lanes || (p.answered & bit) != 0 || !offer(number)) return;
  p.answered = static_cast<std::uint8_t>(p.answered | bit);
  Lane& lane = p.lane[frame.lane];
  if (frame.queue_pair == 0) {
    p.trouble = fmt::format("rank {} cannot use its device {} for it", number, frame.lane);
  } else if (lane.pair.handle != nullptr) {
    const Rail& rail = *rails_[frame.lane];
    const Status status = connect_queue_pair(rail.device(), settings_.limits, lane.pair, frame);
    if (status.ok()) {
      p.usable = static_cast<std::uint8_t>(p.usable | bit);
      lane.window = lane.credits = std::min(frame.credits, rails_[frame.lane]->peer_credits());
      lane.mail_address = frame.mail_address;
      lane.mail_rkey = frame.mail_rkey;
      lane.in_order = frame.in_order != 0;
      p.mail.peer_slots = frame.mail_slots;
      p.mail.window = p.mail.credits = std::min(p.mail.slots, frame.mail_slots);
    } else {
      p.trouble = status.message;
    }
  }
  if (std::popcount(p.answered) < p.lanes) return;
  open_arrivals(p);
  Frame ready;
  ready.message = Message::ready;
  ready.usable = p.usable;
  control_->send(number, ready);
}

// From now on the peer may send: its word that it is ready may come later than what it sends then.
void Transport::open_arrivals(Peer& p) {
  std::uint32_t window = 0;
  for (int i = 0; i < p.lanes; ++i)
    window += rails_[static_cast<std::size_t>(i)]->peer_credits() + kSpareReceives;
  p.held.assign(std::bit_ceil(window), {});
  if (p.mail.slots > 0) correspondents_.push_back(number_of(p));
}

// Both sides have said which lanes work; those that do not are left out, with a word.
void Transport::take_ready(int number, std::uint8_t usable) {
  Peer& p = peer(number);
  if (p.stage != Stage::offered || std::popcount(p.answered) < p.lanes) return;
  for (int i = 0; i < p.lanes; ++i) {
    const Rail& rail = *rails_[static_cast<std::size_t>(i)];
    if ((p.usable & usable & (1 << i)) == 0) {
      if (options_.log != nullptr && p.lanes > 1) {
        const std::string why = p.trouble.empty() ? "the other side cannot" : p.trouble;
        options_.log(
            options_.context,
            fmt::format("verbs: {} is not used for rank {}: {}", rail.name(), number, why).c_str());
      }
      forget_lane(p, i);
      continue;
    }
    p.active.push_back(i);
  }
  if (p.active.empty()) {
    fail_peer(number, ErrorCode::peer_failed,
              p.trouble.empty() ? "the peer has no device that works" : p.trouble);
    return;
  }
  p.in_order = p.active.size() == 1 && p.lane[static_cast<std::size_t>(p.active.front())].in_order;
  p.stage = Stage::ready;
  --connecting_;
  ++ready_;
  for (const int lane : p.active) return_credits(p, lane);
}

void Transport::received(int number, const Frame& frame) {
  switch (frame.message) {
    case Message::hello:
      break;
    case Message::queue_pair:
      take_offer(number, frame);
      break;
    case Message::ready:
      take_ready(number, frame.usable);
      break;
    case Message::leave:
      fail_peer(number, ErrorCode::peer_failed, "it has ended the connection");
      break;
    case Message::bye:
      fail_peer(number, ErrorCode::peer_failed, "it has closed its transport", false);
      break;
  }
}

void Transport::lost(int number, const std::string& cause) {
  fail_peer(number, ErrorCode::peer_failed, "connection lost: " + cause);
}

// What comes over its queue pairs is of nobody from now on. They are stopped before they are
// destroyed, so that receives that they have taken come back.
void Transport::quiesce(Peer& p) {
  for (int i = 0; i < p.lanes; ++i) {
    const Lane& lane = p.lane[static_cast<std::size_t>(i)];
    if (lane.pair.handle == nullptr) continue;
    rails_[static_cast<std::size_t>(i)]->forget(lane.pair.number());
    ibv_qp_attr attributes{};
    attributes.qp_state = IBV_QPS_ERR;
    (void)ibv_modify_qp(lane.pair.handle.get(), &attributes, IBV_QP_STATE);
  }
  while (take_receives() > 0) {
  }
}

// Its queue pair is destroyed; what was on its way over it is dropped.
void Transport::forget_lane(Peer& p, int number) {
  Rail& rail = *rails_[static_cast<std::size_t>(number)];
  Lane& lane = p.lane[static_cast<std::size_t>(number)];
  if (lane.pair.handle == nullptr) return;
  awaited_ -= lane.awaited;
  rail.forget(lane.pair.number());
  lane.pair.handle.reset();
  for (; !lane.pending.empty(); lane.pending.pop()) finish(rail, lane.pending.front(), false);
  lane = {};
}

// Of everything that was set up with the peer nothing is left but its place and its failure.
void Transport::end(int number) {
  Peer& p = peer(number);
  if (p.stage == Stage::offered) --connecting_;
  if (p.stage == Stage::ready) --ready_;
  if (p.known) --known_;
  p.stage = Stage::idle;
  std::erase(correspondents_, number);
  for (const Held& held : p.held) {
    if (held.slot >= 0) rails_[static_cast<std::size_t>(held.rail)]->post_receive(held.slot);
  }
  p.held.clear();
  p.active.clear();
  quiesce(p);
  for (int i = 0; i < p.lanes; ++i) forget_lane(p, i);
  close_desk(p);
  control_->drop(number);
}

// Final for the peer. An orderly end is not reported: there may be nobody who minds.
void Transport::fail_peer(int number, ErrorCode code, const std::string& cause, bool report) {
  Peer& p = peer(number);
  if (!p.failure.ok()) return;
  // What it sent before counts.
  while (take_receives() + take_all_mail() > 0) {
  }
  if (!p.failure.ok()) return;
  const std::string device = rails_.size() == 1 ? rails_[0]->name() + ": " : std::string();
  const std::string text = cause.starts_with(device) ? cause : device + cause;
  // To who puts, no_resources means "later".
  p.failure =
      Status::error(code == ErrorCode::no_resources ? ErrorCode::peer_failed : code, text.c_str());
  end(number);
  if (!report || options_.report_failure == nullptr) return;
  Failure failure;
  failure.peer = number;
  failure.code = code;
  std::snprintf(failure.cause, sizeof(failure.cause), "%s", text.c_str());
  options_.report_failure(options_.context, &failure);
}

}  // namespace weft::verbs
