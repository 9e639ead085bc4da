// What a transport is opened with.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "device.h"
#include "queue_pair.h"

namespace weft::verbs {

struct Settings {
  std::string device;  // comma-separated; empty: what the core proposes
  PortWish port;
  QueueLimits limits;
  std::uint64_t max_message = 0;  // 0: the port's
  int rails = static_cast<int>(kMaxRails);
  // The number of the first entry of an eager ring, alike at both ends: for tests of what comes
  // after billions of them.
  std::uint64_t first_entry = 0;
  std::chrono::nanoseconds port_grace = std::chrono::seconds(30);  // that a port may be down
};

}  // namespace weft::verbs
