// What an executor needs to know about its rank and its peers. Set up by the communicator, constant
// afterwards.
#pragma once

#include <weft/transport.h>
#include <weft/wait_policy.h>

#include <cstddef>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/futex.h"
#include "memory/pads.h"

namespace weft::executor {

// How this rank reaches a peer (or itself).
struct Link {
  int peer = -1;  // the number that transports know it by
  transport::Transport* transport = nullptr;
  std::string transport_name;
  bool load_store = false;
  std::byte* pad = nullptr;  // the peer's pad where it is mapped (own pad for this rank)
  transport::RemoteMemory pad_memory;

  // Whether the rank has left the communicator; known of mapped ones.
  bool left() const {
    return pad != nullptr &&
           reinterpret_cast<memory::Control*>(pad)->sleeping.load(std::memory_order_relaxed) ==
               static_cast<std::uint32_t>(Attention::left);
  }
};

struct World {
  int rank = 0;
  int ranks = 1;
  memory::PadLayout layout;
  std::byte* pad = nullptr;  // own pad
  std::vector<Link> links;   // by rank
  std::vector<transport::Transport*> transports;
  const Clock* clock = nullptr;
  WaitPolicy wait_policy = WaitPolicy::spin;
  bool crowded = false;  // some machine has more ranks than cores; the same at every rank

  bool all_load_store() const {
    for (const Link& link : links) {
      if (!link.load_store) return false;
    }
    return true;
  }
};

}  // namespace weft::executor
