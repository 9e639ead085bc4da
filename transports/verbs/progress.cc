// Completions and the devices' own news.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "transport.h"

namespace weft::verbs {

namespace {

constexpr int kBatch = 16;
// Idle calls between looks at what costs a system call, and at what is rarely there.
constexpr unsigned kLookEvery = 256;
constexpr unsigned kLookAtSendsEvery = 16;
// The least time between two looks at the TCP connections.
constexpr std::chrono::microseconds kWhileConnecting{20};
constexpr std::chrono::microseconds kWhileOthersMayConnect{200};
constexpr std::chrono::microseconds kWhileConnected{2000};

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

void Transport::complete(Lane& lane, Rail& rail, std::uint64_t up_to) {
  lane.completed = std::max(lane.completed, up_to);
  while (!lane.pending.empty() && lane.pending.front().last <= up_to) {
    const Pending done = lane.pending.front();
    lane.pending.pop();
    finish(rail, done, true);
  }
}

int Transport::take_completions() {
  int events = 0;
  for (std::size_t i = 0; i < rails_.size(); ++i) {
    Rail& rail = *rails_[i];
    ibv_wc completions[kBatch];
    const int count = ibv_poll_cq(rail.sends(), kBatch, completions);
    for (int c = 0; c < count; ++c) {
      const ibv_wc& completion = completions[c];
      const int number = rail.peer_of(completion.qp_num);
      if (number < 0) continue;  // of a peer that failed
      Peer& p = peer(number);
      if (completion.status != IBV_WC_SUCCESS) {
        fail_peer(number, ErrorCode::peer_failed, story_of(rail, completion));
        continue;
      }
      Lane& lane = p.lane[i];
      --lane.awaited;
      --awaited_;
      complete(lane, rail, completion.wr_id);
      return_credits(p, static_cast<int>(i));
    }
    events += std::max(count, 0);
  }
  return events;
}

// Ends every peer that uses the rail; those that may do without it go on.
void Transport::lose_rail(std::size_t index, const std::string& cause) {
  Rail& rail = *rails_[index];
  const std::string text = rail.name() + ": " + cause;
  rail.give_up(text);
  const auto working =
      std::ranges::count_if(rails_, [](const auto& r) { return r->trouble().empty(); });
  for (int number = 0; number < options_.size; ++number) {
    Peer& p = peer(number);
    if (number == options_.rank || !p.known) continue;
    const bool uses = p.lane[index].pair.handle != nullptr;
    if (uses || working == 0) fail_peer(number, ErrorCode::peer_failed, text);
  }
}

// A port that goes down or a device that goes away ends the peers behind it.
int Transport::take_events() {
  int events = 0;
  for (std::size_t i = 0; i < rails_.size(); ++i) {
    const auto& rail = rails_[i];
    const Device& device = rail->device();
    ibv_async_event event{};
    while (ibv_get_async_event(device.context.get(), &event) == 0) {
      ++events;
      const ibv_event_type type = event.event_type;
      const bool of_pair = type == IBV_EVENT_QP_FATAL || type == IBV_EVENT_QP_ACCESS_ERR;
      const int number = of_pair ? rail->peer_of(event.element.qp->qp_num) : -1;
      const bool port_down = type == IBV_EVENT_PORT_ERR && event.element.port_num == device.port;
      ibv_ack_async_event(&event);
      const std::string what = ibv_event_type_str(type);
      if (number >= 0) fail_peer(number, ErrorCode::peer_failed, rail->name() + ": " + what);
      if (port_down) {
        lose_rail(i,
                  fmt::format("port {}: {}; check the cable and the interface", device.port, what));
      }
      if (type == IBV_EVENT_DEVICE_FATAL)
        lose_rail(i, what + ": the device is gone; check its driver and `rdma link`");
    }
  }
  return events;
}

int Transport::progress() {
  int events = take_receives() + take_all_mail();
  // A failed work request raises a completion that nobody asked for.
  if (awaited_ > 0 || idle_ % kLookAtSendsEvery == 0) events += take_completions();
  if (!gets_.empty()) events += post_gets();
  if (events > 0 && connecting_ == 0) return events;
  ++idle_;
  if (connecting_ > 0 || idle_ % kLookEvery == 0) {
    const auto patience = connecting_ > 0   ? kWhileConnecting
                          : ready_ < known_ ? kWhileOthersMayConnect
                                            : kWhileConnected;
    events += control_->progress(patience);
    if (idle_ % kLookEvery == 0) events += take_events();
  }
  return events;
}

}  // namespace weft::verbs
