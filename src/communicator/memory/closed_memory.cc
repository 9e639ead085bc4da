#include "communicator/memory/closed_memory.h"

#include <utility>

#include "communicator/own_tags.h"

namespace weft {

ClosedMemory::ClosedMemory(p2p::Endpoint& endpoint, p2p::Messenger& messenger)
    : endpoint_(endpoint),
      messenger_(messenger),
      numbers_(static_cast<std::size_t>(endpoint.peers())) {}

void ClosedMemory::add(int peer, int number, std::shared_ptr<void> memory) {
  if (endpoint_.path(peer).load_store) return;
  const int tag = kFirstClosedTag + number;
  waiting_.push_back({peer, tag, std::move(memory)});
  if (endpoint_.failure(peer) == nullptr)
    messenger_.forget_when_sent(messenger_.start_send(nullptr, 0, peer, tag));
  sweep();
}

void ClosedMemory::sweep() {
  std::erase_if(waiting_, [&](const Closed& closed) {
    if (endpoint_.failure(closed.peer) != nullptr) return true;
    if (!messenger_.probe(closed.peer, closed.tag)) return false;
    messenger_.receive(nullptr, 0, closed.peer, closed.tag, endpoint_.timeout());
    return true;
  });
}

std::vector<std::shared_ptr<void>> ClosedMemory::rest() const {
  std::vector<std::shared_ptr<void>> memory;
  memory.reserve(waiting_.size());
  for (const Closed& closed : waiting_) memory.push_back(closed.memory);
  return memory;
}

}  // namespace weft
