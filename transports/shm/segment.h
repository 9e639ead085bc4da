// Memory that other processes of the host can map: an anonymous file (memfd) that they open through
// /proc, or a POSIX shared-memory object under /dev/shm whose name disappears as soon as every peer
// has mapped it.
//
// A mapping belongs to all that use it: the transport that made it and every transport of the same
// process that has imported it. The last one to let go unmaps it, so owner and importers may end in
// any order. In other processes an importer's mapping is its own.
#pragma once

#include <weft/transport.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/descriptor.h"
#include "base/identity.h"

namespace weft::shm {

enum class Backing : std::uint32_t { memfd, posix };

// What a peer needs to map a segment. Plain data, the content of a MemoryKey.
struct SegmentKey {
  Identity owner;           // the process
  std::uint64_t bytes = 0;  // as asked for
  std::uint64_t inode = 0;  // of the file: tells whether a peer has opened the right one
  std::int32_t pid = 0;     // with `fd`: where the owner's memfd is found
  std::int32_t fd = -1;
  std::uint32_t serial = 0;  // among all segments of the owner
  Backing backing = Backing::memfd;
};
static_assert(sizeof(SegmentKey) <= sizeof(transport::MemoryKey::bytes));

class Mapping {
 public:
  Mapping(std::byte* base, std::size_t length, std::size_t header)
      : base_(base), length_(length), header_(header) {}
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping();
  std::byte* base() const { return base_; }
  std::byte* data() const { return base_ + header_; }  // what the user sees

 private:
  std::byte* base_;
  std::size_t length_;
  std::size_t header_;
};
using SharedMapping = std::shared_ptr<Mapping>;

// A segment of this process. Its end removes the name and gives up the descriptor; peers that have
// not mapped it yet cannot do so any more.
class OwnSegment {
 public:
  OwnSegment() = default;
  OwnSegment(OwnSegment&&) = default;
  OwnSegment& operator=(OwnSegment&&) = delete;
  ~OwnSegment();

  // `importers`: how many peers will map it. Its pages are populated here, so that what is missing
  // is an error now and not a SIGBUS later.
  transport::Status create(std::size_t bytes, Backing backing, int importers);

  const SegmentKey& key() const { return key_; }
  std::byte* data() const { return mapping_->data(); }

  // One importer more is to come, in the place of one that has gone. Too late where all have mapped
  // it: the name is gone.
  void expect_import();

 private:
  transport::Status create_file(std::size_t bytes, Backing backing);

  SegmentKey key_;
  FileDescriptor file_;  // also holds the lock on a name
  SharedMapping mapping_;
};

// Maps a peer's segment; one of this process by the mapping that is there. `counts`: as one of the
// importers that its owner waits for.
transport::Status import_segment(const SegmentKey& key, bool counts, SharedMapping* out);

// Removes the name of a segment whose owner has ended; nothing for a memfd.
void remove_name_of(const SegmentKey& key);

}  // namespace weft::shm
