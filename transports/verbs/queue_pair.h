// A reliable connection to a peer, and what is on its way over it.
#pragma once

#include <string>

#include "device.h"
#include "wire.h"

namespace weft::verbs {

struct QueueLimits {
  std::uint32_t sends = 128;         // work requests in a send queue
  std::uint32_t receives = 32;       // SENDs that a peer may have on their way here
  std::uint32_t inline_bytes = 220;  // at most
  // 4.096 µs * 2^timeout until a retry: a link may be gone for some seconds.
  std::uint8_t timeout = 18;
  std::uint8_t retries = 6;  // soft-RoCE takes 7 for "for ever"
  std::uint8_t rnr_timer = 12;
  PathWishes path;
  int in_order = -1;  // 1: the device places in order, 0: it may not; -1: ask it
};

struct QueuePair {
  QueuePairHandle handle;
  std::uint32_t psn = 0;
  std::uint32_t inline_bytes = 0;  // granted of those asked for
  std::uint32_t sends = 0;         // granted

  std::uint32_t number() const { return handle->qp_num; }
};

// What a device's queue pairs share.
struct SharedQueues {
  ibv_cq* sends = nullptr;
  ibv_cq* arrivals = nullptr;
  ibv_srq* receives = nullptr;
};

// A queue pair in the state INIT, with as much inline data as the device grants of those that
// limits.inline_bytes asks for. Not ok with a text that says what to do.
transport::Status create_queue_pair(const Device& device, const QueueLimits& limits,
                                    const SharedQueues& queues, QueuePair* out);

// INIT to RTR to RTS: from now on it may send and receive.
transport::Status connect_queue_pair(const Device& device, const QueueLimits& limits,
                                     const QueuePair& pair, const Frame& peer);

}  // namespace weft::verbs
