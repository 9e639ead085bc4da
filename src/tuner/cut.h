// How many bytes of a run of blocks one chunk holds, for any run in a few instructions.
#pragma once

#include <algorithm>
#include <cstddef>

#include "schedule/partition.h"

namespace weft::tuner {

class Cut {
 public:
  Cut() = default;
  Cut(const schedule::Partition& partition, std::size_t chunk) {
    const std::size_t from = chunk * partition.chunk_bytes;
    if (from >= partition.block_stride) return;
    const std::size_t whole = std::min(partition.chunk_bytes, partition.block_stride - from);
    if (partition.total >= from + whole)
      whole_blocks_ =
          static_cast<int>((partition.total - from - whole) / partition.block_stride + 1);
    whole_ = static_cast<double>(whole);
    rest_ = static_cast<double>(partition.length(static_cast<std::size_t>(whole_blocks_), chunk));
  }

  // Bytes of the chunk in blocks block, block+1, ..., as many as `blocks`.
  double bytes(int block, int blocks) const {
    const int end = block + blocks;
    const int whole = std::max(0, std::min(end, whole_blocks_) - block);
    const bool rest = block <= whole_blocks_ && whole_blocks_ < end;
    return whole * whole_ + (rest ? rest_ : 0);
  }

 private:
  double whole_ = 0;  // of the first whole_blocks_ blocks
  int whole_blocks_ = 0;
  double rest_ = 0;  // of the block after them; further ones are empty
};

}  // namespace weft::tuner
