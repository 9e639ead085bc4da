// A ring of bytes at a receiver, as its sender keeps account of it: pieces are taken in order, lie
// in one part each, and are freed in order.
#pragma once

#include <cstdint>
#include <optional>

#include "base/cpu.h"

namespace weft::p2p {

class Area {
 public:
  explicit Area(std::uint64_t bytes) : size_(bytes) {}

  std::uint64_t size() const { return size_; }

  // Where `bytes` (not 0) can be written; none while there is no room. Pieces begin at cache lines.
  std::optional<std::uint64_t> take(std::uint64_t bytes) {
    const std::uint64_t lines = (bytes + kCacheLine - 1) / kCacheLine * kCacheLine;
    std::uint64_t begin = tail_;
    if (begin % size_ + lines > size_) begin += size_ - begin % size_;
    if (begin + lines - head_ > size_) return {};
    tail_ = begin + lines;
    return begin % size_;
  }
  // How far pieces were taken: for free_up_to() once the last of them was given back.
  std::uint64_t mark() const { return tail_; }
  void free_up_to(std::uint64_t mark) { head_ = mark; }

 private:
  std::uint64_t size_;  // whole lines
  std::uint64_t head_ = 0;
  std::uint64_t tail_ = 0;
};

}  // namespace weft::p2p
