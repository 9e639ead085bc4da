// A reliable connection to a peer, and what is on its way over it.
#pragma once

#include <string>

#include "device.h"
#include "wire.h"

namespace weft::verbs {

struct QueueLimits {
  std::uint32_t sends = 128;    // work requests in a send queue
  std::uint32_t receives = 32;  // SENDs that a peer may have on their way here
  std::uint32_t inline_bytes = 220;
  std::uint8_t timeout = 14;  // 4.096 µs * 2^timeout until a retry
  std::uint8_t retries = 7;
  std::uint8_t rnr_timer = 12;
  int traffic_class = -1;
  int service_level = -1;
  int in_order = -1;  // 1: the device places in order, 0: it may not; -1: ask it
};

struct QueuePair {
  QueuePairHandle handle;
  std::uint32_t psn = 0;
  std::uint32_t inline_bytes = 0;  // granted
  std::uint32_t sends = 0;         // granted

  std::uint32_t number() const { return handle->qp_num; }
};

// A queue pair in the state INIT. Not ok with a text that says what to do.
transport::Status create_queue_pair(const Device& device, const QueueLimits& limits,
                                    ibv_cq* send_queue, ibv_cq* receive_queue, ibv_srq* receives,
                                    QueuePair* out);

// INIT to RTR to RTS: from now on it may send and receive.
transport::Status connect_queue_pair(const Device& device, const QueueLimits& limits,
                                     const QueuePair& pair, const Frame& peer);

}  // namespace weft::verbs
