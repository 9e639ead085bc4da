// Memory of channels that were closed here and not yet at the other end, which may still write to
// it.
#pragma once

#include <vector>

#include "p2p/messenger.h"

namespace weft {

class ClosedChannels {
 public:
  struct Closed {
    int peer = -1;
    int tag = 0;  // of the message by which an end says that it is closed
    transport::LocalMemory memory;
  };

  // Both outlive it.
  ClosedChannels(p2p::Endpoint& endpoint, p2p::Messenger& messenger);
  ~ClosedChannels();
  ClosedChannels(const ClosedChannels&) = delete;
  ClosedChannels& operator=(const ClosedChannels&) = delete;

  // Of the next channel with that peer; the same at both ends.
  int next_number(int peer) { return numbers_[static_cast<std::size_t>(peer)]++; }
  // Tells the peer, and keeps the memory until the peer has told as much.
  void add(const Closed& closed);
  // Releases what no peer writes to any more.
  void sweep();

 private:
  void release(const Closed& closed);

  p2p::Endpoint& endpoint_;
  p2p::Messenger& messenger_;
  std::vector<int> numbers_;  // by peer
  std::vector<Closed> waiting_;
};

}  // namespace weft
