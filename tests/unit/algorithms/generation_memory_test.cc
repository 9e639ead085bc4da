// What making one rank's schedule of a very large group takes: below 10 MiB at any moment, whatever
// the algorithm. (Its time is measured by perf/micro/cost-benchmark.)
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <new>

#include "algorithms/registry.h"

namespace {

// Of this program, which has one thread.
std::size_t bytes_now = 0;
std::size_t bytes_most = 0;

}  // namespace

void* operator new(std::size_t bytes) {
  void* memory = std::malloc(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  bytes_now += malloc_usable_size(memory);
  bytes_most = std::max(bytes_most, bytes_now);
  return memory;
}

namespace {

void give_back(void* memory) {
  if (memory != nullptr) bytes_now -= malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

void operator delete(void* memory) noexcept { give_back(memory); }
void operator delete(void* memory, std::size_t) noexcept { give_back(memory); }

namespace weft::algorithms {
namespace {

constexpr int kRanks = 16384;
constexpr std::size_t kLimit = std::size_t{10} << 20;

std::size_t most_bytes(const Algorithm& algorithm, PlanInput plan) {
  const std::size_t before = bytes_now;
  bytes_most = bytes_now;
  (void)algorithm.make(plan);
  return bytes_most - before;
}

TEST(GenerationMemory, OneRankOf16384StaysBelow10MiB) {
  topology::Shape shape;
  topology::Level host{"host", {}, true};
  for (int rank = 0; rank < kRanks; ++rank) host.group.push_back(rank / 8);
  shape.levels.push_back(host);
  for (const Algorithm& algorithm : all()) {
    if (!supports(algorithm, kRanks)) continue;
    for (const bool load_store : {false, true}) {
      for (const int rank : {0, 5, 8191}) {
        const PlanInput plan{.collective = algorithm.collective,
                             .rank = rank,
                             .ranks = kRanks,
                             .load_store = load_store,
                             .shape = algorithm.hierarchical ? &shape : nullptr};
        EXPECT_LT(most_bytes(algorithm, plan), kLimit)
            << name_of(algorithm.collective) << " " << algorithm.name << ", rank " << rank
            << (load_store ? "" : ", no load/store");
      }
    }
  }
}

TEST(GenerationMemory, IsCounted) {
  const Algorithm& ring = *find(Collective::all_reduce, "ring");
  EXPECT_GT(most_bytes(ring, {.ranks = kRanks}), 3 * kRanks * sizeof(schedule::Step));
  EXPECT_LT(most_bytes(ring, {.ranks = 4}), std::size_t{64} << 10);
}

}  // namespace
}  // namespace weft::algorithms
