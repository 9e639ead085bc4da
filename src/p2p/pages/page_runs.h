// Which bytes a transfer of pages moves, in which order: plain arithmetic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace weft::p2p {

// Pages in a memory: the same ones in each layer.
struct PageGrid {
  std::uint64_t page_bytes = 0;
  std::uint64_t pages = 0;
  std::uint64_t stride = 0;        // from page to page in a layer
  std::uint64_t layer_stride = 0;  // from layer to layer of a page
  std::uint32_t layers = 1;

  std::uint64_t offset(std::uint64_t layer, std::uint64_t page) const {
    return layer * layer_stride + page * stride;
  }

  friend bool operator==(const PageGrid&, const PageGrid&) = default;
};

// Why pages do not lie in a memory so that none overlaps another, or null. Fills *bytes with what
// they take.
const char* fault_of(const PageGrid& grid, std::uint64_t* bytes);

// Pages that follow each other at both ends.
struct PageRun {
  std::uint32_t source = 0;
  std::uint32_t target = 0;
  std::uint32_t pages = 0;

  friend bool operator==(const PageRun&, const PageRun&) = default;
};

// The first of `pages` that is not below `limit`; pages.size() where all are.
std::size_t find_outside(std::span<const std::uint32_t> pages, std::uint64_t limit);

// Replaces *runs by those of source[i] -> target[i], in order; as many of both. Without `adjacent`
// (pages that follow each other do not touch) a run is one page. Allocates once at most.
void find_runs(std::span<const std::uint32_t> source, std::span<const std::uint32_t> target,
               bool adjacent, std::vector<PageRun>* runs);

// One contiguous part of a transfer; offsets from where the pages begin.
struct PagePiece {
  std::uint64_t source = 0;
  std::uint64_t target = 0;
  std::uint64_t bytes = 0;
  bool ends_layer = false;
};

// Walks runs layer by layer, in pieces.
class PageWalk {
 public:
  PageWalk() = default;
  // `runs` outlives it. Layers from `first` on, `count` of them (not 0).
  PageWalk(const PageGrid& source, const PageGrid& target, std::uint32_t first, std::uint32_t count,
           std::span<const PageRun> runs);

  bool finished() const { return layers_left_ == 0; }
  // The next piece, of at most `most` bytes (not 0). Not after the end.
  PagePiece next(std::uint64_t most);
  // Whole pages behind it; a page counts once in each layer.
  std::uint64_t passed() const { return pages_ + at_ / page_bytes_; }

 private:
  std::span<const PageRun> runs_;
  std::uint64_t page_bytes_ = 1;
  std::uint64_t source_stride_ = 0, target_stride_ = 0;
  std::uint64_t source_layer_stride_ = 0, target_layer_stride_ = 0;
  std::uint64_t source_layer_ = 0, target_layer_ = 0;  // where the layer begins
  std::uint32_t layers_left_ = 0;
  std::size_t run_ = 0;
  std::uint64_t at_ = 0;     // bytes of the run that are behind it
  std::uint64_t pages_ = 0;  // of runs that are
};

}  // namespace weft::p2p
