#include "perf/limits/direct_candidate.h"

#include "perf/common/sweep.h"
#include "perf/limits/kernels.h"

#include <gtest/gtest.h>

#include <numeric>

namespace weft::perf {
namespace {

class Collector : public Reporter {
 public:
  void measured(const Operation&, std::size_t, const Measurement& result) override {
    ++measurements;
    wrong += result.wrong.value_or(1);
  }
  void row(const Row&) override {}
  int measurements = 0;
  std::int64_t wrong = 0;
};

TEST(DirectCandidate, EveryStrategyReducesRightAtOddAndLargeSizes) {
  ThreadPair pair;
  for (const Strategy strategy : kStrategies) {
    Sweep sweep;
    sweep.sizes = {4, 60, 64, 68, 1024, 4092, 65532, 1 << 20, (1 << 20) + 4};
    sweep.placements = {Placement::out_of_place};
    sweep.effort.iterations = 3;
    Collector collector;
    run_pair(false, [&](int rank) {
      DirectCandidate candidate(pair, rank, strategy);
      std::vector<Reporter*> reporters;
      if (rank == 0) reporters.push_back(&collector);
      run_sweep(candidate, sweep, reporters);
    });
    EXPECT_GT(collector.measurements, 0) << text_of(strategy);
    EXPECT_EQ(collector.wrong, 0) << text_of(strategy);
  }
}

TEST(Kernels, SumAtEveryAlignmentAndLength) {
  for (const SumKernel kernel : {cached_sum(), streaming_sum()}) {
    for (std::size_t offset = 0; offset < 17; ++offset) {
      for (const std::size_t count : {0, 1, 15, 16, 33, 100}) {
        std::vector<float> a(count), b(count), first(count + 40, -1), second(count + 40, -1);
        std::iota(a.begin(), a.end(), 1.0f);
        std::iota(b.begin(), b.end(), 100.0f);
        kernel(&first[offset], &second[(offset * 3) % 17], a.data(), b.data(), count);
        for (std::size_t i = 0; i < count; ++i) {
          ASSERT_EQ(first[offset + i], a[i] + b[i]);
          ASSERT_EQ(second[(offset * 3) % 17 + i], a[i] + b[i]);
        }
        ASSERT_EQ(first[offset + count], -1);
      }
    }
  }
}

TEST(Kernels, StreamingCopyCopies) {
  const Memory from = allocate_plain(4096);
  const Memory to = allocate_plain(4096);
  auto* bytes = static_cast<unsigned char*>(from.get());
  std::iota(bytes, bytes + 4096, static_cast<unsigned char>(0));
  streaming_copy(to.get(), from.get(), 4096);
  EXPECT_TRUE(std::equal(bytes, bytes + 4096, static_cast<unsigned char*>(to.get())));
}

}  // namespace
}  // namespace weft::perf
