#include "p2p/pages/page_runs.h"

#include <algorithm>

namespace weft::p2p {
namespace {

// From the first byte of `count` things to the last one's end; false where that overflows.
bool extent(std::uint64_t count, std::uint64_t stride, std::uint64_t bytes, std::uint64_t* out) {
  *out = 0;
  if (count == 0) return true;
  return !__builtin_mul_overflow(count - 1, stride, out) &&
         !__builtin_add_overflow(*out, bytes, out);
}

}  // namespace

const char* fault_of(const PageGrid& grid, std::uint64_t* bytes) {
  *bytes = 0;
  if (grid.layers == 0) return "no layers";
  if (grid.pages == 0) return nullptr;
  if (grid.page_bytes == 0) return "pages of 0 bytes";
  if (grid.pages >> 32 != 0) return "more pages than 32 bits count";
  std::uint64_t layer = 0;   // the pages of one layer
  std::uint64_t column = 0;  // the layers of one page
  const bool fits = extent(grid.pages, grid.stride, grid.page_bytes, &layer) &&
                    extent(grid.layers, grid.layer_stride, grid.page_bytes, &column) &&
                    extent(grid.layers, grid.layer_stride, layer, bytes);
  if (!fits) return "more bytes than 64 bits count";
  const bool by_layer = (grid.pages == 1 || grid.stride >= grid.page_bytes) &&
                        (grid.layers == 1 || grid.layer_stride >= layer);
  const bool by_page = (grid.layers == 1 || grid.layer_stride >= grid.page_bytes) &&
                       (grid.pages == 1 || grid.stride >= column);
  return by_layer || by_page ? nullptr : "strides that let pages overlap";
}

std::size_t find_outside(std::span<const std::uint32_t> pages, std::uint64_t limit) {
  std::uint32_t greatest = 0;
  for (const std::uint32_t page : pages) greatest = std::max(greatest, page);
  if (pages.empty() || greatest < limit) return pages.size();
  const auto found = std::ranges::find_if(pages, [&](std::uint32_t page) { return page >= limit; });
  return static_cast<std::size_t>(found - pages.begin());
}

void find_runs(std::span<const std::uint32_t> source, std::span<const std::uint32_t> target,
               bool adjacent, std::vector<PageRun>* runs) {
  runs->clear();
  runs->reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (adjacent && !runs->empty()) {
      PageRun& last = runs->back();
      if (source[i] - last.source == last.pages && target[i] - last.target == last.pages) {
        ++last.pages;
        continue;
      }
    }
    runs->push_back({source[i], target[i], 1});
  }
}

PageWalk::PageWalk(const PageGrid& source, const PageGrid& target, std::uint32_t first,
                   std::uint32_t count, std::span<const PageRun> runs)
    : runs_(runs),
      page_bytes_(source.page_bytes),
      source_stride_(source.stride),
      target_stride_(target.stride),
      source_layer_stride_(source.layer_stride),
      target_layer_stride_(target.layer_stride),
      source_layer_(first * source.layer_stride),
      target_layer_(first * target.layer_stride),
      layers_left_(runs.empty() ? 0 : count) {}

PagePiece PageWalk::next(std::uint64_t most) {
  const PageRun& run = runs_[run_];
  const std::uint64_t whole = run.pages * page_bytes_;
  PagePiece piece;
  piece.source = source_layer_ + run.source * source_stride_ + at_;
  piece.target = target_layer_ + run.target * target_stride_ + at_;
  piece.bytes = std::min(most, whole - at_);
  at_ += piece.bytes;
  if (at_ < whole) return piece;
  at_ = 0;
  pages_ += run.pages;
  if (++run_ < runs_.size()) return piece;
  piece.ends_layer = true;
  run_ = 0;
  --layers_left_;
  source_layer_ += source_layer_stride_;
  target_layer_ += target_layer_stride_;
  return piece;
}

}  // namespace weft::p2p
