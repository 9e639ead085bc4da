#include "peers.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>

namespace weft::verbs {

using transport::Failure;
using transport::Status;

namespace {

// Peers beyond these are served by SENDs alone, so that polling and memory stay bounded.
constexpr int kMostRings = 32;
constexpr std::uint32_t kMostRingSlots = 32;

// On Ethernet a device's address is an IP address too.
std::vector<ibv_gid> hosts_of(std::span<const std::unique_ptr<Rail>> rails) {
  std::vector<ibv_gid> gids;
  for (const auto& rail : rails) {
    if (rail->device().ethernet()) gids.push_back(rail->device().gid);
  }
  return gids;
}

}  // namespace

Peers::Peers(Context& context)
    : context_(context), all_(static_cast<std::size_t>(context.options.size)) {
  for (std::size_t i = 0; i < all_.size(); ++i) all_[i].number = static_cast<int>(i);
  // An entry raises no completion that could wake anybody.
  if (!context.options.wakes) {
    ring_slots_ = std::bit_floor(std::clamp(context.settings.limits.receives, 2u, kMostRingSlots));
    rings_left_ = kMostRings;
  }
  ControlListener& listener = *this;
  control_ = std::make_unique<Control>(context.options.size, hosts_of(context.rails), listener);
}

Peers::~Peers() { close(); }

void Peers::close() {
  control_.reset();
  for (Peer& p : all_) {
    for (int i = 0; i < p.lanes; ++i) forget_lane(p, i);
    close_buffers(p);
  }
  all_.clear();
}

Address Peers::address() const {
  Address address;
  control_->describe(&address);
  address.job = context_.options.job;
  address.rails = static_cast<std::uint8_t>(context_.rails.size());
  address.link_layer = context_.rail(0).device().attributes.link_layer;
  return address;
}

Status Peers::connect(int number, std::span<const std::byte> address) {
  Address theirs;
  if (address.size() == sizeof(theirs)) std::memcpy(&theirs, address.data(), sizeof(theirs));
  if (address.size() != sizeof(theirs) || theirs.magic != kMagic ||
      theirs.hosts > theirs.host.size() || theirs.rails == 0)
    return Status::error(ErrorCode::unsupported, "not an address of this transport");
  if (Status status = transport::check_job(context_.options.job, theirs.job); !status.ok())
    return status;
  if (theirs.link_layer != context_.rail(0).device().attributes.link_layer)
    return Status::error(ErrorCode::unsupported, "one side is InfiniBand, the other Ethernet");
  Peer& p = (*this)[number];
  p.lanes = std::min(static_cast<int>(context_.rails.size()), static_cast<int>(theirs.rails));
  if (number != context_.options.rank) {
    if (!p.known) ++known_;
    control_->connect(number, theirs);
  }
  p.known = true;
  return {};
}

bool Peers::connected(int number) const {
  const Peer& p = (*this)[number];
  return p.known && p.failure.ok() &&
         (number == context_.options.rank || p.stage == Stage::ready ||
          control_->connected(number));
}

void Peers::disconnect(int number) {
  Peer& p = (*this)[number];
  if (p.known && p.failure.ok() && number != context_.options.rank) {
    say_leave(number, "");
    tear_down(p);
  }
  p = {};
  p.number = number;
}

bool Peers::post(Peer& p, int number, Chain* chain) {
  const int error = chain->post(p.at(number), &context_.awaited);
  if (error == 0) return true;
  fail(p.number, ErrorCode::peer_failed,
       context_.rail(number).name() + ": posting a work request: " + std::strerror(error));
  return false;
}

bool Peers::ask(Peer& p, int number) {
  Lane& lane = p.at(number);
  if (lane.room() < 1) return true;
  Chain chain;
  chain.add(lane, IBV_WR_RDMA_WRITE);
  chain.complete();
  return post(p, number, &chain);
}

void Peers::ask_silent() {
  for (Peer& p : all_) {
    if (p.silence.empty() || p.stage != Stage::ready) continue;
    // A copy: one that fails is ended.
    for (const int number : std::vector<int>(p.active)) {
      if (p.at(number).awaited == 0 && !ask(p, number)) break;
    }
  }
}

// It takes one of the receives that are kept beside the credits; two for each kind of credit can be
// on their way at most.
void Peers::return_credits(Peer& p, int number) {
  Lane& lane = p.at(number);
  if (p.stage != Stage::ready || lane.room() < 1) return;
  if (lane.owed * 2 < lane.window && !p.ring.owes_half()) return;
  Record record;
  record.credits = lane.take_owed();
  record.ring_credits = p.ring.take_owed();
  Chain chain;
  std::byte* place = lane.credit_places + lane.credit_sends++ % kSpareReceives * sizeof(Record);
  add_send(&chain, p, number, record, nullptr, place);
  post(p, number, &chain);
}

// Without TCP, queue pairs that work go on: ask_silent() tries them.
void Peers::lost(int number, Loss loss, const std::string& cause) {
  Peer& p = (*this)[number];
  if (loss == Loss::unreachable && p.stage == Stage::ready) {
    p.silence = cause;
    context_.log(fmt::format("rank {}: TCP connection lost: {}; its queue pairs are asked instead",
                             number, cause));
    return;
  }
  fail(number, ErrorCode::peer_failed, "connection lost: " + cause);
}

// Before TCP is dropped, so that the peer need not guess.
void Peers::say_leave(int number, const std::string& cause) {
  Frame leave;
  leave.message = Message::leave;
  std::snprintf(leave.cause.data(), leave.cause.size(), "%s", cause.c_str());
  control_->send(number, leave);
}

// What comes over its queue pairs is of nobody from now on. They are stopped before they are
// destroyed, so that receives that they have taken come back.
void Peers::quiesce(Peer& p) {
  for (int i = 0; i < p.lanes; ++i) {
    const Lane& lane = p.at(i);
    if (lane.pair.handle == nullptr) continue;
    context_.rail(i).forget(lane.pair.number());
    ibv_qp_attr attributes{};
    attributes.qp_state = IBV_QPS_ERR;
    (void)ibv_modify_qp(lane.pair.handle.get(), &attributes, IBV_QP_STATE);
  }
  while (inbox_->take_receives() > 0) {
  }
}

// Its queue pair is destroyed; what was on its way over it is dropped.
void Peers::forget_lane(Peer& p, int number) {
  Rail& rail = context_.rail(number);
  Lane& lane = p.at(number);
  if (lane.pair.handle == nullptr) return;
  context_.awaited -= lane.awaited;
  rail.forget(lane.pair.number());
  lane.pair.handle.reset();
  for (; !lane.pending.empty(); lane.pending.pop())
    context_.finish(rail, lane.pending.front(), false);
  lane = {};
}

// What waits for room.
void Peers::drop_work(Peer& p) {
  p.pieces.reset();
  for (const WaitingGet& get : p.gets) {
    if (get.transfer >= 0) context_.transfers.finish(get.transfer, false);
  }
  p.gets.clear();
}

// Of everything that was set up with the peer nothing is left but its place and its failure.
void Peers::tear_down(Peer& p) {
  if (p.stage == Stage::offered) --connecting_;
  if (p.stage == Stage::ready) --ready_;
  if (p.known) --known_;
  p.stage = Stage::idle;
  std::erase(polled_, p.number);
  for (const Held& held : p.held) {
    if (held.slot >= 0) context_.rail(held.rail).post_receive(held.slot);
  }
  p.held.clear();
  p.active.clear();
  quiesce(p);
  drop_work(p);
  for (int i = 0; i < p.lanes; ++i) forget_lane(p, i);
  close_buffers(p);
  control_->drop(p.number);
}

void Peers::fail(int number, ErrorCode code, const std::string& cause, bool report) {
  Peer& p = (*this)[number];
  if (!p.failure.ok()) return;
  // What it sent before counts.
  while (inbox_->take_receives() + inbox_->take_entries() > 0) {
  }
  if (!p.failure.ok()) return;
  const std::string device =
      context_.rails.size() == 1 ? context_.rail(0).name() + ": " : std::string();
  std::string text = cause.starts_with(device) ? cause : device + cause;
  if (!p.silence.empty()) text += "; its TCP connection was lost before: " + p.silence;
  // To who puts, no_resources means "later".
  p.failure =
      Status::error(code == ErrorCode::no_resources ? ErrorCode::peer_failed : code, text.c_str());
  say_leave(number, text);
  tear_down(p);
  if (!report || context_.options.report_failure == nullptr) return;
  Failure failure;
  failure.peer = number;
  failure.code = code;
  std::snprintf(failure.cause, sizeof(failure.cause), "%s", text.c_str());
  context_.options.report_failure(context_.options.context, &failure);
}

void Peers::lose_rail(int index, const std::string& cause) {
  Rail& rail = context_.rail(index);
  const std::string text = rail.name() + ": " + cause;
  rail.give_up(text);
  const bool none_works = std::ranges::none_of(
      context_.rails, [](const auto& other) { return other->trouble().empty(); });
  for (Peer& p : all_) {
    if (p.number == context_.options.rank || !p.known) continue;
    const bool uses = p.at(index).pair.handle != nullptr;
    if (uses || none_works) fail(p.number, ErrorCode::peer_failed, text);
  }
}

}  // namespace weft::verbs
