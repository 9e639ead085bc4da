// Queue pairs come to be: offered over the TCP connection at the first use, by one side or both.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "transport.h"

namespace weft::verbs {

using transport::Failure;
using transport::Status;

// Makes this side's queue pair and tells the peer.
bool Transport::offer(int peer) {
  Peer& p = peers_[static_cast<std::size_t>(peer)];
  if (p.stage != Stage::idle) return true;
  const Status status = create_queue_pair(*device_, settings_.limits, send_queue_.get(),
                                          receive_queue_.get(), receives_.get(), &p.pair);
  if (!status.ok()) {
    fail_peer(peer, status.code, status.message);
    return false;
  }
  by_number_[p.pair.number()] = peer;
  p.stage = Stage::offered;
  ++connecting_;
  Frame frame;
  frame.message = Message::queue_pair;
  frame.queue_pair = p.pair.number();
  frame.psn = p.pair.psn;
  frame.lid = device_->attributes.lid;
  frame.mtu = static_cast<std::uint8_t>(device_->attributes.active_mtu);
  frame.max_reads = static_cast<std::uint8_t>(std::clamp(device_->limits.max_qp_rd_atom, 1, 16));
  frame.credits = peer_credits_;
  std::memcpy(frame.gid.data(), device_->gid.raw, frame.gid.size());
  control_->send(peer, frame);
  return true;
}

void Transport::take_offer(int peer, const Frame& frame) {
  Peer& p = peers_[static_cast<std::size_t>(peer)];
  if (p.replied || !offer(peer)) return;
  const Status status = connect_queue_pair(*device_, settings_.limits, p.pair, frame);
  if (!status.ok()) {
    fail_peer(peer, status.code, status.message);
    return;
  }
  p.replied = true;
  p.credits = frame.credits;
  Frame ready;
  ready.message = Message::ready;
  control_->send(peer, ready);
}

void Transport::received(int peer, const Frame& frame) {
  Peer& p = peers_[static_cast<std::size_t>(peer)];
  switch (frame.message) {
    case Message::hello:
      break;
    case Message::queue_pair:
      take_offer(peer, frame);
      break;
    case Message::ready:
      if (p.stage != Stage::offered || !p.replied) break;
      p.stage = Stage::ready;
      --connecting_;
      ++ready_;
      break;
    case Message::bye:
      fail_peer(peer, ErrorCode::peer_failed, "it has closed its transport", false);
      break;
  }
}

void Transport::lost(int peer, const std::string& cause) {
  fail_peer(peer, ErrorCode::peer_failed, "connection lost: " + cause);
}

// Final for the peer. An orderly end is not reported: there may be nobody who minds.
void Transport::fail_peer(int peer, ErrorCode code, const std::string& cause, bool report) {
  Peer& p = peers_[static_cast<std::size_t>(peer)];
  if (!p.failure.ok()) return;
  // What it sent before counts.
  while (take_receives() > 0) {
  }
  const std::string text = fmt::format("{}: {}", device_->name, cause);
  p.failure = Status::error(code, text.c_str());
  if (p.stage == Stage::offered) --connecting_;
  if (p.stage == Stage::ready) --ready_;
  if (p.known) --known_;
  awaited_ -= p.awaited;
  p.awaited = 0;
  if (p.stage != Stage::idle) by_number_.erase(p.pair.number());
  p.stage = Stage::idle;
  p.pair = {};
  for (Pending& pending : p.pending) {
    if (pending.staging >= 0) free_staging_.push_back(pending.staging);
  }
  p.pending.clear();
  control_->drop(peer);
  if (!report || options_.report_failure == nullptr) return;
  Failure failure;
  failure.peer = peer;
  failure.code = code;
  std::snprintf(failure.cause, sizeof(failure.cause), "%s", text.c_str());
  options_.report_failure(options_.context, &failure);
}

}  // namespace weft::verbs
