#include "schedule/partition.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <weft/collective_traits.h>

#include <cstddef>
#include <set>
#include <vector>

namespace weft::schedule {
namespace {

// Walks all chunks in order of bytes and expects them to be the whole message without gap or
// overlap.
void expect_cover(const Partition& partition, int blocks, int lanes, std::size_t expected_bytes) {
  std::size_t covered = 0;
  const auto chunks = static_cast<std::size_t>(partition.passes * lanes);
  for (std::size_t block = 0; block < static_cast<std::size_t>(blocks); ++block) {
    for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
      const std::size_t length = partition.length(block, chunk);
      if (length == 0) continue;
      RC_ASSERT(partition.offset(block, chunk) == covered);
      covered += length;
    }
  }
  RC_ASSERT(covered == expected_bytes);
}

RC_GTEST_PROP(Partition, ChunksCoverTheMessageOnce, ()) {
  const auto collective = *rc::gen::element(Collective::all_reduce, Collective::reduce_scatter,
                                            Collective::all_gather, Collective::broadcast);
  const auto count = *rc::gen::inRange<std::size_t>(0, 5000);
  const auto element = *rc::gen::element<std::size_t>(1, 2, 4, 8);
  const int blocks = *rc::gen::inRange(1, 20);
  const int lanes = *rc::gen::inRange(1, 9);
  const std::size_t max_chunk = 64 * *rc::gen::inRange<std::size_t>(1, 40);
  const Partition partition =
      make_partition(collective, count, element, blocks, {lanes, max_chunk});
  const bool per_rank = traits_of(collective).block_per_rank();
  const std::size_t bytes = count * element * (per_rank ? static_cast<std::size_t>(blocks) : 1);
  if (count == 0) return;
  expect_cover(partition, blocks, lanes, bytes);
  RC_ASSERT(partition.chunk_bytes <= max_chunk);
}

RC_GTEST_PROP(Partition, ChunksNeverSplitAnElement, ()) {
  const auto count = *rc::gen::inRange<std::size_t>(1, 5000);
  const auto element = *rc::gen::element<std::size_t>(1, 2, 4, 8);
  const int blocks = *rc::gen::inRange(1, 20);
  const int lanes = *rc::gen::inRange(1, 9);
  const Partition partition =
      make_partition(Collective::all_reduce, count, element, blocks, {lanes, 640});
  for (std::size_t block = 0; block < static_cast<std::size_t>(blocks); ++block) {
    for (std::size_t chunk = 0; chunk < static_cast<std::size_t>(partition.passes * lanes);
         ++chunk) {
      RC_ASSERT(partition.offset(block, chunk) % element == 0);
      RC_ASSERT(partition.length(block, chunk) % element == 0);
    }
  }
}

// Rows, say: of any size, never cut.
RC_GTEST_PROP(Partition, KeepsUnitsOfOddSizesWhole, ()) {
  const auto unit = *rc::gen::element<std::size_t>(1, 12, 64, 96, 132, 1000, 4096);
  const auto count = *rc::gen::inRange<std::size_t>(1, 300);
  const int blocks = *rc::gen::inRange(1, 9);
  const int lanes = *rc::gen::inRange(1, 3);
  const std::size_t max_chunk = 64 * *rc::gen::inRange<std::size_t>((unit + 63) / 64, 200);
  const Partition partition =
      make_partition(Collective::all_reduce, count, unit, blocks, {lanes, max_chunk});
  expect_cover(partition, blocks, lanes, count * unit);
  RC_ASSERT(partition.chunk_bytes <= max_chunk);
  RC_ASSERT(partition.chunk_bytes % unit == 0);
  RC_ASSERT(blocks == 1 || partition.block_bytes % unit == 0);
}

// Bytes where blocks of random numbers of elements begin and end; many are empty.
std::vector<std::size_t> random_bounds(std::size_t element) {
  const auto sizes = *rc::gen::nonEmpty(
      rc::gen::container<std::vector<std::size_t>>(rc::gen::weightedOneOf<std::size_t>(
          {{1, rc::gen::just<std::size_t>(0)}, {2, rc::gen::inRange<std::size_t>(0, 2000)}})));
  std::vector<std::size_t> bounds = {0};
  for (const std::size_t size : sizes) bounds.push_back(bounds.back() + size * element);
  return bounds;
}

RC_GTEST_PROP(Partition, ChunksCoverUnevenBlocksOnce, ()) {
  const auto element = *rc::gen::element<std::size_t>(1, 2, 4, 8, 12, 96);
  const auto bounds = random_bounds(element);
  const int lanes = *rc::gen::inRange(1, 9);
  const std::size_t max_chunk = 128 * *rc::gen::inRange<std::size_t>(1, 20);
  const Partition partition = make_partition(bounds, element, {lanes, max_chunk});
  expect_cover(partition, static_cast<int>(bounds.size()) - 1, lanes, bounds.back());
  RC_ASSERT(partition.chunk_bytes <= max_chunk);
  RC_ASSERT(partition.total == bounds.back());
  const auto chunks = static_cast<std::size_t>(partition.passes * lanes);
  for (std::size_t block = 0; block + 1 < bounds.size(); ++block) {
    std::size_t bytes = 0;
    for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
      const std::size_t length = partition.length(block, chunk);
      RC_ASSERT(length <= partition.longest());
      RC_ASSERT(length % element == 0);
      bytes += length;
    }
    RC_ASSERT(bytes == bounds[block + 1] - bounds[block]);
  }
}

// Equal blocks in a table are cut as those without one.
RC_GTEST_PROP(Partition, ATableOfEqualBlocksChangesNothing, ()) {
  const auto count = *rc::gen::inRange<std::size_t>(1, 3000);
  const auto blocks = *rc::gen::inRange<std::size_t>(1, 9);
  const Slicing slicing{*rc::gen::inRange(1, 4), 64 * *rc::gen::inRange<std::size_t>(1, 40)};
  std::vector<std::size_t> bounds = {0};
  for (std::size_t block = 0; block < blocks; ++block) bounds.push_back(bounds.back() + count * 4);
  const Partition table = make_partition(bounds, 4, slicing);
  const Partition equal =
      make_partition(Collective::all_gather, count, 4, static_cast<int>(blocks), slicing);
  RC_ASSERT(table.passes == equal.passes);
  RC_ASSERT(table.total == equal.total);
  for (std::size_t block = 0; block < blocks; ++block) {
    for (std::size_t chunk = 0; chunk < static_cast<std::size_t>(equal.passes * slicing.lanes);
         ++chunk) {
      RC_ASSERT(table.offset(block, chunk) == equal.offset(block, chunk));
      RC_ASSERT(table.length(block, chunk) == equal.length(block, chunk));
    }
  }
}

RC_GTEST_PROP(Partition, DigestsTellTablesApart, ()) {
  const auto bounds = random_bounds(4);
  auto other = bounds;
  other[*rc::gen::inRange<std::size_t>(0, other.size())] += 4;
  RC_ASSERT(digest_of(bounds) == digest_of(std::vector(bounds)));
  RC_ASSERT(digest_of(bounds) != digest_of(other));
  RC_ASSERT(digest_of(bounds) != 0);
}

TEST(Partition, OfEmptyPartsAloneHasNoBytes) {
  const std::vector<std::size_t> bounds = {0, 0, 0};
  const Partition partition = make_partition(bounds, 4, {2, 64});
  EXPECT_EQ(partition.passes, 1);
  EXPECT_EQ(partition.length(0, 0), 0U);
  EXPECT_EQ(partition.length(1, 1), 0U);
}

TEST(Partition, OfNothingHasNoBytes) {
  const Partition partition = make_partition(Collective::all_reduce, 0, 4, 3, {2, 64});
  EXPECT_EQ(partition.length(0, 0), 0U);
  EXPECT_EQ(partition.passes, 1);
}

TEST(Partition, OfOneElementHasOneChunkWithBytes) {
  const Partition partition = make_partition(Collective::all_reduce, 1, 4, 8, {4, 1 << 16});
  EXPECT_EQ(partition.length(0, 0), 4U);
  EXPECT_EQ(partition.length(0, 1), 0U);
  EXPECT_EQ(partition.length(1, 0), 0U);
}

}  // namespace
}  // namespace weft::schedule
