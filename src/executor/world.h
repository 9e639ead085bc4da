// What an executor needs to know about its rank and its peers. Set up by the communicator, constant
// afterwards.
#pragma once

#include <weft/transport.h>

#include <atomic>
#include <cstddef>
#include <string>
#include <vector>

#include "base/clock.h"
#include "memory/segment_layout.h"

namespace weft::executor {

// How this rank reaches a peer (or itself).
struct Link {
  int peer = -1;  // the number that transports know it by
  transport::Transport* transport = nullptr;
  std::string transport_name;
  bool load_store = false;
  // The word it sleeps on, and its segment (own segment for this rank); null where it is not
  // mapped.
  std::atomic<std::uint32_t>* bell = nullptr;
  std::byte* segment = nullptr;
  transport::RemoteMemory segment_memory;
};

struct World {
  int rank = 0;
  int ranks = 1;
  memory::SegmentLayout layout;
  std::byte* segment = nullptr;  // own segment
  std::vector<Link> links;       // by rank
  std::vector<transport::Transport*> transports;
  const Clock* clock = nullptr;

  // Whether that rank has left the communicator.
  bool left(int of_rank) const {
    return memory::departure(segment, layout, of_rank).load(std::memory_order_acquire) != 0;
  }
  bool all_load_store() const {
    for (const Link& link : links) {
      if (!link.load_store) return false;
    }
    return true;
  }
};

}  // namespace weft::executor
