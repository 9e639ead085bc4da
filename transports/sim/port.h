// The fabric's plain data: ports, links, and transfers under way. Guarded by the fabric's lock.
#pragma once

#include <weft/transport.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <vector>

namespace weft::sim {

using Time = std::chrono::nanoseconds;

// A put occupies its link for bytes / bandwidth and arrives `latency` after its last byte left.
struct LinkModel {
  Time latency{1000};
  double gigabytes_per_second = 12.5;  // 1e9 bytes; 0: no limit
};

inline constexpr std::size_t kInlineBytes = 64;

struct PortOptions {
  bool ordered = true;       // false: the puts of a link arrive in any order
  std::uint64_t seed = 0;    // of that order
  std::size_t queue = 1024;  // transfers under way per port; more: no_resources
  std::uint64_t max_message = ~std::uint64_t{0};
};

// A directed pair of ranks, or of ports where both have one rank.
struct Link {
  int from = 0;
  int to = 0;
  std::optional<LinkModel> model;  // empty: the fabric's default
  Time delay{0};
  Time busy_until{0};
  Time last_due{0};
  std::uint64_t failing_put = 0;  // counts down with each put; the one that makes it zero fails
  const char* down = nullptr;     // why nothing passes any more
};

// One open transport.
struct Port {
  struct Peer {
    static constexpr std::uint32_t kNone = ~std::uint32_t{0};
    std::uint32_t port = kNone;
    Link* link = nullptr;          // once used
    const char* failed = nullptr;  // the cause, once the port's owner is to be told
  };

  std::uint32_t index = 0;
  int rank = 0;
  PortOptions options;
  bool attached = true;
  const char* failed = nullptr;  // the whole port: its rank was killed
  std::size_t under_way = 0;
  std::vector<Peer> peers;
  std::minstd_rand random;

  // For the owner's next progress().
  struct Completion {
    int peer = -1;
    std::uint64_t* counter = nullptr;
  };
  std::vector<Completion> completed;
  std::vector<transport::Failure> failures;
  std::atomic<bool> mail{false};  // either is not empty; readable without the lock
};

// Something that happens at its time: a put or a get that arrives, or news of a failure.
struct Transfer {
  enum class Kind : std::uint8_t { put, get, notice };
  Kind kind = Kind::put;
  transport::SignalOp signal = transport::SignalOp::none;
  bool inlined = false;  // the payload is in `payload`
  bool failing = false;  // fails instead of arriving
  bool dropped = false;  // its connection has ended: it does nothing any more
  int peer = -1;
  Port* port = nullptr;  // who posted it, or who is told
  Link* link = nullptr;
  const void* source = nullptr;  // put: where the bytes are
  void* destination = nullptr;   // get: where they go
  std::uint64_t region = 0;      // the peer's memory
  std::uint64_t offset = 0;
  std::size_t bytes = 0;
  std::uint64_t signal_region = 0;
  std::uint64_t signal_offset = 0;
  std::uint64_t signal_value = 0;
  std::uint64_t* completed = nullptr;
  const char* cause = nullptr;
  std::array<std::byte, kInlineBytes> payload;
};

}  // namespace weft::sim
