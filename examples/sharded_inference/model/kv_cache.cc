#include "model/kv_cache.h"

#include <algorithm>
#include <stdexcept>

namespace inference {

Range part_of(std::size_t count, std::size_t index, std::size_t parts) {
  const std::size_t least = count / parts, larger = count % parts;
  return {index * least + std::min(index, larger), least + (index < larger ? 1 : 0)};
}

PageLayout::PageLayout(const ModelConfig& config, std::size_t layer_count, std::size_t group_count,
                       std::size_t positions)
    : layers(layer_count),
      groups(group_count),
      head_dim(config.head_dim),
      pages_per_layer((positions + kPageTokens - 1) / kPageTokens) {}

KvCache::KvCache(const PageLayout& layout, std::span<std::byte> pool)
    : layout_(layout), pool_(reinterpret_cast<float*>(pool.data())) {
  if (pool.size() < layout.pool_bytes()) throw std::logic_error("the pool is too small");
}

float* KvCache::at(std::size_t layer, std::size_t group, std::size_t position,
                   std::size_t half) const {
  const std::size_t page = layout_.page(layer, position);
  const std::size_t row =
      ((page * 2 + half) * layout_.groups + group) * kPageTokens + position % kPageTokens;
  return pool_ + row * layout_.head_dim;
}

}  // namespace inference
