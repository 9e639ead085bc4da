/// Keys and values of the tokens so far, in pages.
#pragma once

#include "model/config.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace inference {

/// Tokens of a page; prefill works in batches of as many.
inline constexpr std::size_t kPageTokens = 16;

/// A number of consecutive things.
struct Range {
  std::size_t first = 0;
  std::size_t count = 0;
};

/// Part `index` of `count` things in `parts` parts whose sizes differ by at most one.
Range part_of(std::size_t count, std::size_t index, std::size_t parts);

/// How a pool of pages is laid out: a page holds, for one layer, the keys and then the values of
/// kPageTokens positions, head by head. Two ranks with the same layers, groups and positions have
/// the same pages, so that pages can be copied from pool to pool by their numbers.
struct PageLayout {
  PageLayout(const ModelConfig& config, std::size_t layers, std::size_t groups,
             std::size_t positions);

  std::size_t page_bytes() const { return 2 * groups * kPageTokens * head_dim * sizeof(float); }
  std::size_t pages() const { return layers * pages_per_layer; }
  std::size_t pool_bytes() const { return pages() * page_bytes(); }
  /// The page of a layer (counted from the first one here) that holds a position.
  std::size_t page(std::size_t layer, std::size_t position) const {
    return layer * pages_per_layer + position / kPageTokens;
  }

  std::size_t layers;
  std::size_t groups;
  std::size_t head_dim;
  std::size_t pages_per_layer;
};

/// A view of a pool of PageLayout::pool_bytes() bytes that somebody else owns, aligned to f32.
class KvCache {
 public:
  KvCache(const PageLayout& layout, std::span<std::byte> pool);

  const PageLayout& layout() const { return layout_; }
  std::size_t positions() const { return layout_.pages_per_layer * kPageTokens; }

  /// head_dim floats.
  float* key(std::size_t layer, std::size_t group, std::size_t position) const {
    return at(layer, group, position, 0);
  }
  float* value(std::size_t layer, std::size_t group, std::size_t position) const {
    return at(layer, group, position, 1);
  }

 private:
  float* at(std::size_t layer, std::size_t group, std::size_t position, std::size_t half) const;

  PageLayout layout_;
  float* pool_;
};

}  // namespace inference
