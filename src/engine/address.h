// What engines tell each other of themselves and of their memory, outside of any connection.
#pragma once

#include <weft/blob.h>
#include <weft/pages.h>
#include <weft/transport.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "p2p/pages/page_shape.h"

namespace weft::engine {

// A memory's key for those who come over one transport.
struct NamedKey {
  std::string transport;
  transport::MemoryKey key;
};

// A transport that leads to an engine.
struct Way {
  std::string transport;
  int priority = 0;
  Blob address;
};

inline constexpr int kMostPeers = 4096;
inline constexpr std::size_t kMostName = 200;

struct Address {
  std::string name;
  std::uint64_t incarnation = 0;  // random: tells every start of every engine apart
  std::uint64_t epoch = 0;        // later starts of a name have larger ones
  std::uint32_t numbers = 0;      // of its segment, with its own
  std::uint64_t mailbox_bytes = 0;
  std::vector<Way> ways;
  std::vector<NamedKey> segment;
};

Blob pack(const Address& address);
// Throws Error(invalid_argument, mismatch) with what is wrong.
Address unpack_address(std::span<const std::byte> bytes);

// Memory of an engine, and what its pages are where it is a pool.
struct MemoryOffer {
  std::uint64_t incarnation = 0;  // of its engine
  std::uint64_t bytes = 0;
  std::vector<NamedKey> keys;
};

Blob pack(const MemoryOffer& memory);
MemoryOffer unpack_memory(std::span<const std::byte> bytes);

struct PagesOffer {
  MemoryOffer memory;
  p2p::PoolShape shape;
};

Blob pack(const PagesOffer& pages);
PagesOffer unpack_pages(std::span<const std::byte> bytes);

}  // namespace weft::engine
