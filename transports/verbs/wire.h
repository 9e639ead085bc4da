// What verbs transports of a job tell each other. Plain bytes, of one byte order: ranks of a job
// run on machines of one kind.
#pragma once

#include <infiniband/verbs.h>

#include <array>
#include <cstdint>
#include <cstring>

namespace weft::verbs {

inline constexpr std::uint32_t kMagic = 0x31427677;  // "wvB1"

// Where a transport is reached: by TCP for the set-up, by its port for the rest.
struct Address {
  std::uint32_t magic = kMagic;
  std::uint32_t rank = 0;
  std::uint64_t cookie = 0;  // tells this transport from an earlier one on the same TCP port
  std::uint16_t tcp_port = 0;
  std::uint16_t lid = 0;
  std::uint8_t link_layer = 0;
  std::uint8_t hosts = 0;                              // addresses used
  std::array<std::array<std::uint8_t, 16>, 4> host{};  // IPv6, IPv4 as ::ffff:a.b.c.d
};

// A memory key's bytes.
struct Key {
  std::uint32_t magic = kMagic;
  std::uint32_t rkey = 0;
  std::uint64_t address = 0;
  std::uint64_t bytes = 0;
  std::uint32_t region = 0;
  std::uint32_t generation = 0;
};

// Which word a signal changes: of a region of the receiver's table, so that it can be checked.
struct Spot {
  std::uint32_t region = 0;
  std::uint32_t generation = 0;
  std::uint64_t offset = 0;
};

// What a SEND carries: a signal, credits, and the payload of a small put behind it.
struct Record {
  Spot target;
  Spot signal;
  std::uint64_t value = 0;
  std::uint16_t payload_bytes = 0;
  std::uint16_t credits = 0;  // receives that the sender has taken and posted again
  std::uint8_t op = 0;        // transport::SignalOp
  std::uint8_t padding[3] = {};
};
static_assert(sizeof(Record) == 48);

enum class Message : std::uint32_t { hello, queue_pair, ready, bye };

// What goes over the TCP connection of two ranks.
struct Frame {
  std::uint32_t magic = kMagic;
  Message message = Message::hello;
  std::uint32_t rank = 0;
  std::uint32_t queue_pair = 0;
  std::uint64_t cookie = 0;  // of the receiver, in a hello
  std::uint32_t psn = 0;
  std::uint16_t lid = 0;
  std::uint8_t mtu = 0;  // ibv_mtu
  std::uint8_t max_reads = 0;
  std::uint32_t credits = 0;  // receives kept for the peer
  std::array<std::uint8_t, 16> gid{};
};

}  // namespace weft::verbs
