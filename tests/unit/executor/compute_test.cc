#include "executor/compute.h"

#include <gtest/gtest.h>

#include <vector>

namespace weft::executor {
namespace {

constexpr std::size_t kUnit = 68;  // of codes that share a scale, say

// Adds bytes up, and refuses what is no number of whole units.
void add_units(void* const* dsts, int dst_count, const void* const* srcs, int src_count,
               std::size_t count, int /*divisor*/, reduce::Store /*store*/) {
  ASSERT_EQ(count % kUnit, 0U);
  for (std::size_t i = 0; i < count; ++i) {
    unsigned sum = 0;
    for (int s = 0; s < src_count; ++s) sum += static_cast<const unsigned char*>(srcs[s])[i];
    for (int d = 0; d < dst_count; ++d)
      static_cast<unsigned char*>(dsts[d])[i] = static_cast<unsigned char>(sum);
  }
}

TEST(Compute, StoresOfBothKindsGetTheSameAndCutNoUnit) {
  constexpr std::size_t kBytes = kUnit * 3001;  // several pieces
  std::vector<unsigned char> first(kBytes), second(kBytes), cached(kBytes), streamed(kBytes);
  for (std::size_t i = 0; i < kBytes; ++i) {
    first[i] = static_cast<unsigned char>(i % 251);
    second[i] = static_cast<unsigned char>(i % 13);
  }
  Launch launch;
  launch.kernel = add_units;
  launch.unit_bytes = kUnit;
  Written written;
  written.cached[written.cached_count++] = cached.data();
  written.streamed[written.streamed_count++] = streamed.data();
  const void* const read[] = {first.data(), second.data()};
  reduce_both_ways(launch, written, read, 2, kBytes, 1);
  for (std::size_t i = 0; i < kBytes; ++i)
    ASSERT_EQ(cached[i], static_cast<unsigned char>(i % 251 + i % 13));
  EXPECT_EQ(streamed, cached);
}

}  // namespace
}  // namespace weft::executor
