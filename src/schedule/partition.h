// Turns logical blocks into bytes at launch: block b, sliced by chunk. One chunk is one lane in one
// pass.
#pragma once

#include <weft/collective.h>

#include <algorithm>
#include <cstddef>

namespace weft::schedule {

// Bytes; plain arithmetic, so that a launch costs a few divisions and a step none.
struct Partition {
  std::size_t total = 0;         // bytes of the whole logical message
  std::size_t block_stride = 0;  // bytes from a block to the next
  std::size_t chunk_bytes = 0;   // bytes of one chunk of a block
  int passes = 1;                // chunks of a block = passes * lanes

  // Bytes of the longest chunk.
  std::size_t longest() const { return std::min(chunk_bytes, block_stride); }
  // Bytes from the start of the buffer to chunk `chunk` of block `block`.
  std::size_t offset(std::size_t block, std::size_t chunk) const {
    return block * block_stride + chunk * chunk_bytes;
  }
  // Bytes of chunk `chunk` of block `block`; 0 past the end.
  std::size_t length(std::size_t block, std::size_t chunk) const {
    const std::size_t begin = block * block_stride;
    const std::size_t end = std::min(begin + block_stride, total);
    const std::size_t from = begin + chunk * chunk_bytes;
    return from >= end ? 0 : std::min(chunk_bytes, end - from);
  }
};

// Cuts `count` elements (as the collective counts them) of `element_bytes` into `blocks` blocks and
// each block into passes * lanes chunks of at most `max_chunk_bytes` (a multiple of 64). Chunks are
// multiples of 64 bytes except the last of a block; even blocks of all_reduce are too, so that
// ranks never share a cache line of an aligned buffer. Elements that do not fill 64 bytes evenly
// (whole rows, say) are kept whole instead: chunks and blocks are multiples of them;
// max_chunk_bytes has room for one.
Partition make_partition(Collective collective, std::size_t count, std::size_t element_bytes,
                         int blocks, int lanes, std::size_t max_chunk_bytes);

}  // namespace weft::schedule
