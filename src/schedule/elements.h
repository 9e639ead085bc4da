// What the verifier's places hold: the elements of a message.
#pragma once

#include "schedule/partition.h"

#include <cstddef>
#include <cstdint>

namespace weft::schedule {

// The elements of a message, as one lane meets them: pass after pass, block after block.
class Elements {
 public:
  // Of `partition`, whose chunks are dealt out to `lanes` in turn.
  Elements(const Partition& partition, std::size_t element_bytes, int lane, int lanes)
      : partition_(partition), bytes_(element_bytes), lane_(lane), lanes_(lanes) {}
  // One element of each block a pass.
  Elements(int blocks, int passes)
      : Elements({.total = static_cast<std::size_t>(blocks * passes),
                  .block_bytes = static_cast<std::size_t>(passes),
                  .chunk_bytes = 1,
                  .passes = passes},
                 1, 0, 1) {}

  int passes() const { return partition_.passes; }
  std::size_t total() const { return partition_.total / bytes_; }
  // The most that a block has in a pass.
  std::size_t most() const { return partition_.longest() / bytes_; }
  // Of a block in a pass: how many, and how far the first lies behind the start of a buffer that
  // has the block in that place.
  std::size_t count(int block, int pass) const {
    return partition_.length(static_cast<std::size_t>(block), chunk(pass)) / bytes_;
  }
  std::size_t first(int block, int pass) const {
    return partition_.offset(static_cast<std::size_t>(block), chunk(pass)) / bytes_;
  }

  // The block that an element of the message belongs to; -1: another lane's, or none.
  int block_of(std::int64_t element, int blocks) const {
    for (int block = 0; block < blocks; ++block) {
      for (int pass = 0; pass < passes(); ++pass) {
        const auto begin = static_cast<std::int64_t>(first(block, pass));
        const auto end = begin + static_cast<std::int64_t>(count(block, pass));
        if (element >= begin && element < end) return block;
      }
    }
    return -1;
  }

 private:
  std::size_t chunk(int pass) const { return static_cast<std::size_t>(pass * lanes_ + lane_); }

  Partition partition_;
  std::size_t bytes_;
  int lane_;
  int lanes_;
};

}  // namespace weft::schedule
