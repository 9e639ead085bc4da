#include "perf/common/timing.h"

#include "perf/common/ticks.h"

#include <gtest/gtest.h>

#include <chrono>

namespace weft::perf {
namespace {

TEST(Iterations, ShortCallsAreTimedInBatchesAndThenOneByOne) {
  const Iterations plan = plan_iterations(100e-9, {.budget_seconds = 0.1});
  EXPECT_GE(static_cast<double>(plan.batch) * 100e-9, 9.9e-6);
  EXPECT_GT(plan.batches, 1000u);
  EXPECT_GT(plan.singles, 1000u);
}

TEST(Iterations, CallsAboveTheShortestSampleAreAllTimedOneByOne) {
  const Iterations plan = plan_iterations(100e-6, {.budget_seconds = 0.1});
  EXPECT_EQ(plan.batch, 1u);
  EXPECT_EQ(plan.singles, 0u);
  EXPECT_EQ(plan.batches, 1000u);
}

TEST(Iterations, SlowCallsStillGetAFewSamples) {
  const Iterations plan = plan_iterations(1.0, {.budget_seconds = 0.1});
  EXPECT_EQ(plan.batch, 1u);
  EXPECT_EQ(plan.batches, 5u);
}

TEST(Iterations, AGivenNumberIsKept) {
  const Iterations slow = plan_iterations(1.0, {.iterations = 20});
  EXPECT_EQ(slow.batch * slow.batches, 20u);
  const Iterations fast = plan_iterations(100e-9, {.iterations = 2000});
  EXPECT_EQ(fast.batch * fast.batches, 2000u);
  EXPECT_GE(fast.batches, 20u);
  EXPECT_EQ(fast.singles, 2000u);
}

TEST(Iterations, AnImpossiblyFastCallDoesNotRunForEver) {
  const Iterations plan = plan_iterations(1e-12, {.budget_seconds = 0.1});
  EXPECT_LE(plan.batch * plan.batches, 20000u * 1000u);
  EXPECT_LE(plan.singles, 20000u);
}

TEST(Iterations, WarmUpIsShorterForLargeSizesUnlessGiven) {
  EXPECT_EQ(warmup_calls(8, {}), 5u);
  EXPECT_EQ(warmup_calls(std::size_t{128} << 20, {}), 2u);
  EXPECT_EQ(warmup_calls(8, {.warmup = 0}), 0u);
}

TEST(Ticks, RunAsFastAsTheClock) {
  const double scale = seconds_per_tick();
  const auto start = std::chrono::steady_clock::now();
  const std::uint64_t first = ticks_now();
  std::chrono::duration<double> elapsed{};
  while (elapsed.count() < 2e-3) elapsed = std::chrono::steady_clock::now() - start;
  const double counted = static_cast<double>(ticks_now() - first) * scale;
  EXPECT_GE(counted, elapsed.count() * 0.9);
}

// Each call takes no time; counts what the loop asks for.
class Nothing : public Candidate {
 public:
  std::string name() const override { return "nothing"; }
  int rank() const override { return 0; }
  int size() const override { return 1; }
  bool supports(const Operation&) const override { return true; }
  void prepare(const Operation&) override {}
  void run() override { ++calls; }
  void barrier() override {}
  std::int64_t sum_over_ranks(std::int64_t value) override { return value; }
  std::size_t calls = 0;
};

TEST(Measure, SlicesThatDoNotCountAreTimedAgain) {
  const Effort effort{.iterations = 1000};
  Nothing undisturbed;
  int slices = 0;
  const Keep always = [&] { return ++slices > 0; };
  const Timing plain = measure(undisturbed, 8, effort, always);
  Nothing disturbed;
  int refused = 0;
  const Keep after_three = [&] { return ++refused > 3; };
  const Timing gated = measure(disturbed, 8, effort, after_three);
  EXPECT_EQ(plain.microseconds.samples * plain.batch, 1000u);
  EXPECT_EQ(gated.microseconds.samples * gated.batch, 1000u);
  EXPECT_EQ(refused, slices + 3);
}

}  // namespace
}  // namespace weft::perf
