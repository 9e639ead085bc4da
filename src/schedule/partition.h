// Turns logical blocks into bytes at launch: block b, sliced by chunk. One chunk is one lane in one
// pass.
#pragma once

#include <weft/collective.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace weft::schedule {

// Bytes. Equal blocks are plain arithmetic, so that a launch costs a few divisions and a step none;
// others are looked up in a table. `kTable`, where it is named, says which it is: who asks often
// decides once.
struct Partition {
  std::size_t total = 0;        // bytes of the whole logical message
  std::size_t block_bytes = 0;  // of the longest block; without a table, from a block to the next
  std::size_t chunk_bytes = 0;  // bytes of one chunk of a block
  int passes = 1;               // chunks of a block = passes * lanes
  // Null: blocks are equal, but for the last ones, which may be short or empty. Else block b takes
  // bytes bounds[b] to bounds[b + 1] of the message, and bounds[0] is 0; outlives the partition.
  const std::size_t* bounds = nullptr;

  // Bytes of the longest chunk.
  std::size_t longest() const { return std::min(chunk_bytes, block_bytes); }

  // Bytes from the start of the buffer to chunk `chunk` of block `block`.
  template <bool kTable>
  std::size_t offset(std::size_t block, std::size_t chunk) const {
    return begin<kTable>(block) + chunk * chunk_bytes;
  }
  // Bytes of chunk `chunk` of block `block`; 0 past the end.
  template <bool kTable>
  std::size_t length(std::size_t block, std::size_t chunk) const {
    const std::size_t end = kTable ? bounds[block + 1] : std::min((block + 1) * block_bytes, total);
    const std::size_t from = offset<kTable>(block, chunk);
    return from >= end ? 0 : std::min(chunk_bytes, end - from);
  }

  std::size_t offset(std::size_t block, std::size_t chunk) const {
    return bounds == nullptr ? offset<false>(block, chunk) : offset<true>(block, chunk);
  }
  std::size_t length(std::size_t block, std::size_t chunk) const {
    return bounds == nullptr ? length<false>(block, chunk) : length<true>(block, chunk);
  }

 private:
  template <bool kTable>
  std::size_t begin(std::size_t block) const {
    return kTable ? bounds[block] : block * block_bytes;
  }
};

// How blocks are sliced: into passes * lanes chunks of at most `max_chunk_bytes`, a multiple of 64.
struct Slicing {
  int lanes = 1;
  std::size_t max_chunk_bytes = std::size_t{1} << 62;
};

// Cuts `count` elements (as the collective counts them) of `element_bytes` into `blocks` equal
// blocks. Chunks are multiples of 64 bytes except the last of a block; equal blocks of all_reduce
// are too, so that ranks never share a cache line of an aligned buffer. Elements that do not fill
// 64 bytes evenly (whole rows, say) are kept whole instead: chunks and blocks are multiples of
// them; max_chunk_bytes has room for one.
Partition make_partition(Collective collective, std::size_t count, std::size_t element_bytes,
                         int blocks, const Slicing& slicing);

// The same for blocks that are given: block b takes bytes bounds[b] to bounds[b + 1] of the
// message, multiples of element_bytes from 0 on; any may be empty. Keeps `bounds`, which outlive
// the partition.
Partition make_partition(std::span<const std::size_t> bounds, std::size_t element_bytes,
                         const Slicing& slicing);

// Tells tables apart, most likely; never 0.
std::uint64_t digest_of(std::span<const std::size_t> bounds);

}  // namespace weft::schedule
