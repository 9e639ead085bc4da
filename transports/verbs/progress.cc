// Completions, arrivals, events.
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <string>

#include "transport.h"

namespace weft::verbs {

using transport::SignalOp;

namespace {

constexpr int kBatch = 16;
// Idle calls between looks at what costs a system call, and at what is rarely there.
constexpr unsigned kLookEvery = 256;
constexpr unsigned kLookAtSendsEvery = 16;
// The least time between two looks at the TCP connections.
constexpr std::chrono::microseconds kWhileConnecting{20};
constexpr std::chrono::microseconds kWhileOthersMayConnect{200};
constexpr std::chrono::microseconds kWhileConnected{2000};

// After a work request failed: the port itself may be why.
std::string what_to_check(const Device& device) {
  ibv_port_attr port{};
  if (ibv_query_port(device.context.get(), device.port, &port) == 0 &&
      port.state != IBV_PORT_ACTIVE) {
    return fmt::format("the cable and the interface: port {} is {}", device.port,
                       ibv_port_state_str(port.state));
  }
  return "the peer's process, the cable and the routes between the addresses";
}

}  // namespace

void Transport::post_receives(int first, int count) {
  for (int i = first; i < first + count; ++i) {
    ibv_sge part{
        reinterpret_cast<std::uint64_t>(buffers_ + static_cast<std::size_t>(i) * kReceiveBytes),
        kReceiveBytes, buffer_region_->lkey};
    ibv_recv_wr receive{};
    receive.wr_id = static_cast<std::uint64_t>(i);
    receive.sg_list = &part;
    receive.num_sge = 1;
    ibv_recv_wr* bad = nullptr;
    (void)ibv_post_srq_recv(receives_.get(), &receive, &bad);
  }
}

// A record has arrived: its payload and its signal, behind all that was written before it.
void Transport::apply(int peer, const std::byte* bytes) {
  Peer& p = peers_[static_cast<std::size_t>(peer)];
  Record record;
  std::memcpy(&record, bytes, sizeof(record));
  p.credits += record.credits;
  const auto op = static_cast<SignalOp>(record.op);
  if (op == SignalOp::none) return;
  ++p.owed;
  std::byte* word = regions_.locate(record.signal, sizeof(std::uint64_t));
  std::byte* target =
      record.payload_bytes > 0 ? regions_.locate(record.target, record.payload_bytes) : word;
  const bool fits = record.payload_bytes <= kReceiveBytes - sizeof(Record);
  if (word == nullptr || target == nullptr || !fits || record.signal.offset % 8 != 0) {
    fail_peer(peer, ErrorCode::peer_failed, "it named memory that is not registered here");
    return;
  }
  if (record.payload_bytes > 0) std::memcpy(target, bytes + sizeof(record), record.payload_bytes);
  std::atomic_ref<std::uint64_t> signal(*reinterpret_cast<std::uint64_t*>(word));
  if (op == SignalOp::set) signal.store(record.value, std::memory_order_release);
  if (op == SignalOp::add) signal.fetch_add(record.value, std::memory_order_release);
}

int Transport::take_receives() {
  ibv_wc completions[kBatch];
  const int count = ibv_poll_cq(receive_queue_.get(), kBatch, completions);
  for (int i = 0; i < count; ++i) {
    const ibv_wc& completion = completions[i];
    const int slot = static_cast<int>(completion.wr_id);
    const auto from = by_number_.find(completion.qp_num);
    if (completion.status == IBV_WC_SUCCESS && from != by_number_.end() &&
        completion.byte_len >= sizeof(Record)) {
      const int peer = from->second;
      apply(peer, buffers_ + static_cast<std::size_t>(slot) * kReceiveBytes);
      post_receives(slot, 1);
      return_credits(peer);
      continue;
    }
    post_receives(slot, 1);
  }
  return std::max(count, 0);
}

// Tells the peer of receives posted again, where nothing else that goes there does. It takes one of
// the receives that are kept beside the credits; two can be on their way at most.
void Transport::return_credits(int peer) {
  Peer& p = peers_[static_cast<std::size_t>(peer)];
  if (p.owed * 2 < peer_credits_ || p.stage != Stage::ready || room(p) < 1) return;
  Record record;
  record.credits = static_cast<std::uint16_t>(p.owed);
  ibv_sge part{reinterpret_cast<std::uint64_t>(&record), sizeof(record), 0};
  ibv_send_wr send{};
  send.opcode = IBV_WR_SEND;
  send.sg_list = &part;
  send.num_sge = 1;
  send.send_flags = IBV_SEND_INLINE;
  if (post(peer, &send, 1, false).ok()) p.owed = 0;
}

void Transport::complete(Peer& peer, std::uint64_t up_to) {
  peer.completed = std::max(peer.completed, up_to);
  while (!peer.pending.empty() && peer.pending.front().last <= up_to) {
    Pending& done = peer.pending.front();
    if (done.completed != nullptr) ++*done.completed;
    if (done.staging >= 0) free_staging_.push_back(done.staging);
    peer.pending.pop_front();
  }
}

int Transport::take_completions() {
  ibv_wc completions[kBatch];
  const int count = ibv_poll_cq(send_queue_.get(), kBatch, completions);
  for (int i = 0; i < count; ++i) {
    const ibv_wc& completion = completions[i];
    const auto to = by_number_.find(completion.qp_num);
    if (to == by_number_.end()) continue;  // of a peer that failed
    const int peer = to->second;
    if (completion.status == IBV_WC_SUCCESS) {
      --peers_[static_cast<std::size_t>(peer)].awaited;
      --awaited_;
      complete(peers_[static_cast<std::size_t>(peer)], completion.wr_id);
      return_credits(peer);
      continue;
    }
    fail_peer(peer, ErrorCode::peer_failed,
              fmt::format("queue pair {}: {} (vendor syndrome {:#x}); check {}", completion.qp_num,
                          ibv_wc_status_str(completion.status), completion.vendor_err,
                          what_to_check(*device_)));
  }
  return std::max(count, 0);
}

// The device's own news. A port that goes down or a device that goes away ends every peer.
int Transport::take_events() {
  int events = 0;
  ibv_async_event event{};
  while (ibv_get_async_event(device_->context.get(), &event) == 0) {
    ++events;
    const ibv_event_type type = event.event_type;
    const auto at = type == IBV_EVENT_QP_FATAL || type == IBV_EVENT_QP_ACCESS_ERR
                        ? by_number_.find(event.element.qp->qp_num)
                        : by_number_.end();
    const int peer = at != by_number_.end() ? at->second : -1;
    ibv_ack_async_event(&event);
    if (peer >= 0) fail_peer(peer, ErrorCode::peer_failed, ibv_event_type_str(type));
    if (type != IBV_EVENT_PORT_ERR && type != IBV_EVENT_DEVICE_FATAL) continue;
    for (int other = 0; other < options_.size; ++other) {
      if (other == options_.rank || !peers_[static_cast<std::size_t>(other)].known) continue;
      fail_peer(other, ErrorCode::peer_failed,
                fmt::format("port {}: {}; check the cable and the interface", device_->port,
                            ibv_event_type_str(type)));
    }
  }
  return events;
}

int Transport::progress() {
  int events = take_receives();
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
