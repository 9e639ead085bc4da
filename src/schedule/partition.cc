#include "schedule/partition.h"

#include <weft/collective_traits.h>

namespace weft::schedule {
namespace {

constexpr std::size_t kLine = 64;

std::size_t ceil_div(std::size_t a, std::size_t b) { return (a + b - 1) / b; }
std::size_t round_up(std::size_t bytes, std::size_t unit) { return ceil_div(bytes, unit) * unit; }

// What chunks are multiples of.
std::size_t unit_of(std::size_t element_bytes) {
  return kLine % element_bytes == 0 ? kLine : element_bytes;
}

// Fills passes and chunk_bytes for the longest block.
void slice(Partition* partition, std::size_t unit, const Slicing& slicing) {
  const std::size_t most = slicing.max_chunk_bytes / unit * unit;
  const std::size_t chunks_needed = ceil_div(partition->block_bytes, most);
  const auto lanes = static_cast<std::size_t>(slicing.lanes);
  partition->passes = static_cast<int>(ceil_div(chunks_needed, lanes));
  const std::size_t chunks = static_cast<std::size_t>(partition->passes) * lanes;
  partition->chunk_bytes = round_up(ceil_div(partition->block_bytes, chunks), unit);
}

}  // namespace

Partition make_partition(Collective collective, std::size_t count, std::size_t element_bytes,
                         int blocks, const Slicing& slicing) {
  Partition partition;
  if (blocks == 0 || count == 0) return partition;
  const std::size_t bytes = count * element_bytes;
  const std::size_t unit = unit_of(element_bytes);
  const auto block_count = static_cast<std::size_t>(blocks);
  const bool per_rank_blocks = traits_of(collective).block_per_rank();
  partition.total = per_rank_blocks ? bytes * block_count : bytes;
  partition.block_bytes =
      per_rank_blocks || blocks == 1 ? bytes : round_up(ceil_div(bytes, block_count), unit);
  slice(&partition, unit, slicing);
  return partition;
}

Partition make_partition(std::span<const std::size_t> bounds, std::size_t element_bytes,
                         const Slicing& slicing) {
  Partition partition;
  partition.bounds = bounds.data();
  partition.total = bounds.back();
  for (std::size_t block = 0; block + 1 < bounds.size(); ++block)
    partition.block_bytes = std::max(partition.block_bytes, bounds[block + 1] - bounds[block]);
  if (partition.total > 0) slice(&partition, unit_of(element_bytes), slicing);
  return partition;
}

std::uint64_t digest_of(std::span<const std::size_t> bounds) {
  std::uint64_t digest = bounds.size();
  for (const std::size_t bound : bounds) {
    digest = (digest ^ bound) * 0x9E3779B97F4A7C15u;
    digest ^= digest >> 29;
  }
  return digest | 1;
}

}  // namespace weft::schedule
