// How many bytes of a run of blocks one chunk holds: of equal blocks in a few instructions for any
// run, of a table block by block.
#pragma once

#include <algorithm>
#include <cstddef>

#include "schedule/partition.h"

namespace weft::tuner {

class Cut {
 public:
  Cut() = default;
  // A table of bounds outlives it.
  Cut(const schedule::Partition& partition, std::size_t chunk) {
    if (partition.bounds != nullptr) {
      bounds_ = partition.bounds;
      chunk_bytes_ = partition.chunk_bytes;
      from_ = chunk * partition.chunk_bytes;
      return;
    }
    const std::size_t from = chunk * partition.chunk_bytes;
    if (from >= partition.block_bytes) return;
    const std::size_t whole = std::min(partition.chunk_bytes, partition.block_bytes - from);
    if (partition.total >= from + whole)
      whole_blocks_ =
          static_cast<int>((partition.total - from - whole) / partition.block_bytes + 1);
    whole_ = static_cast<double>(whole);
    rest_ = static_cast<double>(partition.length(static_cast<std::size_t>(whole_blocks_), chunk));
  }

  // Bytes of the chunk in blocks block, block+1, ..., as many as `blocks`.
  double bytes(int block, int blocks) const {
    if (bounds_ != nullptr) return looked_up(block, blocks);
    const int end = block + blocks;
    const int whole = std::max(0, std::min(end, whole_blocks_) - block);
    const bool rest = block <= whole_blocks_ && whole_blocks_ < end;
    return whole * whole_ + (rest ? rest_ : 0);
  }

 private:
  double looked_up(int block, int blocks) const {
    std::size_t sum = 0;
    for (const std::size_t* bound = bounds_ + block; bound != bounds_ + block + blocks; ++bound) {
      const std::size_t length = bound[1] - bound[0];
      if (length > from_) sum += std::min(chunk_bytes_, length - from_);
    }
    return static_cast<double>(sum);
  }

  double whole_ = 0;  // of the first whole_blocks_ blocks
  int whole_blocks_ = 0;
  double rest_ = 0;  // of the block after them; further ones are empty
  const std::size_t* bounds_ = nullptr;
  std::size_t chunk_bytes_ = 0;
  std::size_t from_ = 0;  // of a block, where the chunk begins
};

}  // namespace weft::tuner
