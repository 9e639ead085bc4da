// Memory that other processes of the host can map: an anonymous file (memfd) that they open through
// /proc, or a POSIX shared-memory object under /dev/shm whose name disappears as soon as every peer
// has mapped it.
#pragma once

#include "process.h"

#include <weft/transport.h>

#include <cstddef>
#include <cstdint>

namespace weft::shm {

enum class Backing : std::uint32_t { memfd, posix };

// What a peer needs to map a segment. Plain data, the content of a MemoryKey.
struct SegmentKey {
  std::uint64_t start_time = 0;  // of the owner's process
  std::uint64_t address = 0;     // in the owner, for ranks that share its process
  std::uint64_t bytes = 0;       // as asked for
  std::int32_t pid = 0;
  std::int32_t fd = -1;
  std::uint32_t serial = 0;  // of the owner's transport
  std::uint32_t owner = 0;   // tells transports of one process apart
  Backing backing = Backing::memfd;
};
static_assert(sizeof(SegmentKey) <= sizeof(transport::MemoryKey::bytes));

// A mapping. Plain data; unmap() once.
struct Mapping {
  std::byte* base = nullptr;  // of the mapping
  std::size_t length = 0;     // of the mapping
  std::byte* data = nullptr;  // what the user sees
};

// Creates a segment of `key->bytes`, maps it, and fills in key->fd and key->address. `importers`:
// how many peers will map it. Its pages are reserved here, so that a full /dev/shm is an error now
// and not a SIGBUS later.
transport::Status create_segment(SegmentKey* key, int importers, Mapping* out);

// Maps a segment of another process.
transport::Status map_segment(const SegmentKey& key, Mapping* out);

// Counts an importer that shares the owner's mapping instead of making one.
void note_import(const SegmentKey& key);

// An own segment has one importer more to come, in the place of one that has gone. Too late where
// all have mapped it: the name is gone.
void expect_import(const SegmentKey& key);

void unmap(const Mapping& mapping);

// Removes a POSIX object's name if it is still there; nothing for a memfd.
void remove_name(const SegmentKey& key);

// Removes POSIX objects that processes which no longer run have left behind.
void remove_stale_names();

}  // namespace weft::shm
