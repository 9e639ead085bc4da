// What verbs transports of a job tell each other. Plain bytes, of one byte order: ranks of a job
// run on machines of one kind.
#pragma once

#include <infiniband/verbs.h>
#include <weft/transport.h>

#include <array>
#include <cstdint>
#include <cstring>

namespace weft::verbs {

inline constexpr std::uint32_t kMagic = 0x35427677;  // "wvB5"

// Devices that a rank uses side by side.
inline constexpr std::size_t kMaxRails = 4;

// Where a transport is reached: by TCP for the set-up, by its ports for the rest.
struct Address {
  std::uint32_t magic = kMagic;
  std::uint32_t unused = 0;
  std::uint64_t cookie = 0;  // tells this transport from all others, earlier ones among them
  transport::JobIdentity job;
  std::uint16_t tcp_port = 0;
  std::uint8_t rails = 0;
  std::uint8_t link_layer = 0;                         // of every rail
  std::uint8_t hosts = 0;                              // addresses used
  std::array<std::array<std::uint8_t, 16>, 6> host{};  // IPv6, IPv4 as ::ffff:a.b.c.d
};

// A memory key's bytes.
struct Key {
  std::uint32_t magic = kMagic;
  std::uint32_t region = 0;
  std::uint32_t generation = 0;
  std::uint32_t device = 0;  // 1: memory that the processor may not touch (a dma-buf)
  std::uint64_t address = 0;
  std::uint64_t bytes = 0;
  std::array<std::uint32_t, kMaxRails> rkeys{};
};

// A place in a region of the receiver's table, so that it can be checked; packed, since every byte
// of a small put counts.
struct Spot {
  static constexpr unsigned kOffsetBits = 40, kGenerationBits = 10, kRegionBits = 14;
  std::uint64_t packed = 0;

  static Spot of(std::uint32_t region, std::uint32_t generation, std::uint64_t offset) {
    const std::uint64_t which = std::uint64_t{region} << kGenerationBits | generation;
    return {which << kOffsetBits | offset};
  }
  std::uint32_t region() const {
    return static_cast<std::uint32_t>(packed >> (kOffsetBits + kGenerationBits));
  }
  std::uint32_t generation() const {
    return static_cast<std::uint32_t>(packed >> kOffsetBits) & ((1u << kGenerationBits) - 1);
  }
  std::uint64_t offset() const { return packed & ((std::uint64_t{1} << kOffsetBits) - 1); }
};

enum class RecordKind : std::uint8_t {
  credits,  // nothing but credits; outside the order
  notice,   // what was written over this lane before is there
  set,      // a signal
  add,
};

// What one rank tells another beside the bytes that it writes: a signal, credits, and the payload
// of a small put behind it. Records of all lanes are applied in the order of their numbers.
struct Record {
  std::uint16_t payload_bytes = 0;
  RecordKind kind = RecordKind::credits;
  std::uint8_t credits = 0;  // receives of this lane that the sender has taken and posted again
  std::uint16_t number = 0;
  std::uint8_t ring_credits = 0;  // slots of its eager ring that the sender has emptied
  std::uint8_t padding = 0;
  std::uint64_t value = 0;
  Spot signal;
  Spot target;  // of the payload; not sent without one

  std::size_t bytes() const {
    return payload_bytes > 0 ? sizeof(Record) : sizeof(Record) - sizeof(Spot);
  }
};
static_assert(sizeof(Record) == 32);

enum class Message : std::uint32_t {
  hello,
  queue_pair,
  ready,
  leave,  // the sender has ended this connection, for the cause that it names
  bye,    // it closes its transport
};

// What goes over the TCP connection of two ranks.
struct Frame {
  std::uint32_t magic = kMagic;
  Message message = Message::hello;
  std::uint64_t from = 0;  // in a hello: the sender's cookie
  std::uint64_t to = 0;    // in a hello: the receiver's
  // queue_pair: one for each lane. Number 0: the sender cannot use this lane.
  std::uint32_t queue_pair = 0;
  std::uint32_t psn = 0;
  std::uint16_t lid = 0;
  std::uint8_t lane = 0;
  std::uint8_t mtu = 0;  // ibv_mtu
  std::uint8_t max_reads = 0;
  std::uint8_t in_order = 0;      // the sender's device places what is written to it in order
  std::uint8_t usable = 0;        // ready: the lanes that work, as bits
  std::uint8_t grh_required = 0;  // the sender's port takes no packets without a global header
  std::uint32_t credits = 0;      // receives kept for the peer on this lane
  // The sender's eager ring for the peer; no slots: it has none.
  std::uint32_t ring_slots = 0;
  std::uint32_t ring_rkey = 0;
  std::uint64_t ring_address = 0;
  std::array<std::uint8_t, 16> gid{};
  std::array<char, 120> cause{};  // leave: for people, ends with a zero; empty: none
};

}  // namespace weft::verbs
