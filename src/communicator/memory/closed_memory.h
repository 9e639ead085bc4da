// Memory of channels, windows and pools that were closed here and not yet at the other end, which
// may still write to it: over a network, a write to memory that is gone ends the connection.
#pragma once

#include <memory>
#include <vector>

#include "p2p/messages/messenger.h"

namespace weft {

class ClosedMemory {
 public:
  // Both outlive it.
  ClosedMemory(p2p::Endpoint& endpoint, p2p::Messenger& messenger);
  ClosedMemory(const ClosedMemory&) = delete;
  ClosedMemory& operator=(const ClosedMemory&) = delete;

  // Of the next thing that is opened with that peer; the same at both ends.
  int next_number(int peer) { return numbers_[static_cast<std::size_t>(peer)]++; }
  // Tells the peer that thing `number` is closed here, and keeps the memory until the peer has told
  // as much, or is gone. Nothing is told to a peer that maps memory: it keeps what it has mapped.
  void add(int peer, int number, std::shared_ptr<void> memory);
  // Lets go of what no peer writes to any more.
  void sweep();
  // What is kept, for who keeps it longer.
  std::vector<std::shared_ptr<void>> rest() const;

 private:
  struct Closed {
    int peer = -1;
    int tag = 0;  // of the message by which an end says that it is closed
    std::shared_ptr<void> memory;
  };

  p2p::Endpoint& endpoint_;
  p2p::Messenger& messenger_;
  std::vector<int> numbers_;  // by peer
  std::vector<Closed> waiting_;
};

}  // namespace weft
