#include "communicator/closed_channels.h"

namespace weft {

ClosedChannels::ClosedChannels(p2p::Endpoint& endpoint, p2p::Messenger& messenger)
    : endpoint_(endpoint),
      messenger_(messenger),
      numbers_(static_cast<std::size_t>(endpoint.peers())) {}

ClosedChannels::~ClosedChannels() {
  for (const Closed& closed : waiting_) release(closed);
}

void ClosedChannels::release(const Closed& closed) {
  endpoint_.path(closed.peer).transport->release(closed.memory);
}

void ClosedChannels::add(const Closed& closed) {
  waiting_.push_back(closed);
  if (endpoint_.failure(closed.peer) == nullptr)
    messenger_.forget_when_sent(messenger_.start_send(nullptr, 0, closed.peer, closed.tag));
  sweep();
}

void ClosedChannels::sweep() {
  std::erase_if(waiting_, [&](const Closed& closed) {
    if (endpoint_.failure(closed.peer) == nullptr) {
      if (!messenger_.probe(closed.peer, closed.tag)) return false;
      messenger_.receive(nullptr, 0, closed.peer, closed.tag, endpoint_.timeout());
    }
    release(closed);
    return true;
  });
}

}  // namespace weft
