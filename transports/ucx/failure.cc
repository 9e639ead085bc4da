// Peers that are gone.
#include <cstdio>

#include "transport.h"

namespace weft::ucx {

using transport::Failure;
using transport::Status;

void Transport::give_up(Line& line) {
  line.broken = true;
  broken_lines_ = broken_lines_ || line.number < 0;
}

void Transport::on_error(void* argument, ucp_ep_h endpoint, ucs_status_t status) {
  auto& line = *static_cast<Line*>(argument);
  if (line.endpoint != endpoint) return;
  Transport& self = *line.transport;
  self.give_up(line);
  if (line.number < 0) return;
  self.lose(self.peers_[static_cast<std::size_t>(line.number)], ucs_status_string(status));
}

// Only noted: UCP may be in the middle of something, and what arrived before is still to be taken.
void Transport::lose(Peer& peer, const std::string& cause) {
  if (!peer.known || !peer.failure.ok() || !peer.lost.empty()) return;
  peer.lost = cause;
  ++losses_;
}

// Final for each of them. An orderly end is one too: who waits for such a peer waits in vain.
int Transport::report_losses() {
  int events = 0;
  for (Peer& peer : peers_) {
    if (peer.lost.empty() || !peer.failure.ok()) continue;
    const std::string cause = "UCX: " + peer.lost;
    peer.failure = Status::error(ErrorCode::peer_failed, cause.c_str());
    --losses_;
    ++events;
    if (closing_ || options_.report_failure == nullptr) continue;
    Failure failure;
    failure.peer = peer.rank;
    failure.code = ErrorCode::peer_failed;
    std::snprintf(failure.cause, sizeof(failure.cause), "%s", cause.c_str());
    options_.report_failure(options_.context, &failure);
  }
  return events;
}

}  // namespace weft::ucx
