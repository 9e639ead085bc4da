#include "schedule/partition.h"

#include <weft/collective_traits.h>

namespace weft::schedule {
namespace {

constexpr std::size_t kLine = 64;

std::size_t ceil_div(std::size_t a, std::size_t b) { return (a + b - 1) / b; }
std::size_t round_up(std::size_t bytes, std::size_t unit) { return ceil_div(bytes, unit) * unit; }

}  // namespace

Partition make_partition(Collective collective, std::size_t count, std::size_t element_bytes,
                         int blocks, int lanes, std::size_t max_chunk_bytes) {
  Partition partition;
  if (blocks == 0 || count == 0) return partition;
  const std::size_t bytes = count * element_bytes;
  const std::size_t unit = kLine % element_bytes == 0 ? kLine : element_bytes;
  const auto block_count = static_cast<std::size_t>(blocks);
  const bool per_rank_blocks = traits_of(collective).block_per_rank();
  partition.total = per_rank_blocks ? bytes * block_count : bytes;
  partition.block_stride =
      per_rank_blocks || blocks == 1 ? bytes : round_up(ceil_div(bytes, block_count), unit);
  const std::size_t most = max_chunk_bytes / unit * unit;
  const std::size_t chunks_needed = ceil_div(partition.block_stride, most);
  const auto lane_count = static_cast<std::size_t>(lanes);
  partition.passes = static_cast<int>(ceil_div(chunks_needed, lane_count));
  const std::size_t chunks = static_cast<std::size_t>(partition.passes) * lane_count;
  partition.chunk_bytes = round_up(ceil_div(partition.block_stride, chunks), unit);
  return partition;
}

}  // namespace weft::schedule
