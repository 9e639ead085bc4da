#include "perf/common/sweep.h"

#include "perf/common/names.h"

#include <gtest/gtest.h>

#include <cstring>

namespace weft::perf {
namespace {

// A job of one rank, where every collective copies its input; told to, it spoils one element of
// each result.
class SingleRank : public Candidate {
 public:
  std::string name() const override { return "single"; }
  int rank() const override { return 0; }
  int size() const override { return 1; }
  bool supports(const Operation& operation) const override { return operation.type != without; }
  void prepare(const Operation& operation) override { operation_ = operation; }
  void run() override {
    ++calls;
    const std::size_t bytes = operation_.count * element_bytes(operation_.type);
    std::memmove(operation_.output, operation_.input, bytes);
    if (spoil && bytes > 0) *static_cast<unsigned char*>(operation_.output) ^= 0x40;
  }
  void barrier() override {}
  std::int64_t sum_over_ranks(std::int64_t value) override { return value; }

  DataType without = DataType::f16;
  bool spoil = false;
  std::size_t calls = 0;

 private:
  Operation operation_;
};

class Collector : public Reporter {
 public:
  void measured(const Operation&, std::size_t, const Measurement&) override { ++measurements; }
  void row(const Row& row) override { rows.push_back(row); }
  std::vector<Row> rows;
  int measurements = 0;
};

Sweep quick(Collective collective) {
  Sweep sweep;
  sweep.collective = collective;
  sweep.sizes = {8, 64, 4096};
  sweep.effort.iterations = 20;
  return sweep;
}

TEST(Sweep, RunsEverySizeInBothPlacements) {
  SingleRank candidate;
  Collector collector;
  EXPECT_EQ(run_sweep(candidate, quick(Collective::all_reduce), {&collector}), 0);
  ASSERT_EQ(collector.rows.size(), 3u);
  EXPECT_EQ(collector.measurements, 6);
  EXPECT_EQ(collector.rows[2].bytes, 4096u);
  EXPECT_TRUE(collector.rows[0].out_of_place && collector.rows[0].in_place);
  EXPECT_GT(candidate.calls, 6u * 20u);
}

TEST(Sweep, CountsWrongElementsOfEveryCollectiveThatHasData) {
  for (const Collective collective :
       {Collective::all_reduce, Collective::reduce_scatter, Collective::all_gather,
        Collective::broadcast, Collective::reduce}) {
    SingleRank candidate;
    Collector collector;
    EXPECT_EQ(run_sweep(candidate, quick(collective), {&collector}), 0) << text_of(collective);
    candidate.spoil = true;
    // Checked before and after timing.
    EXPECT_EQ(run_sweep(candidate, quick(collective), {&collector}), 12) << text_of(collective);
    EXPECT_EQ(collector.rows.back().in_place->wrong, 2) << text_of(collective);
  }
}

TEST(Sweep, WithoutCheckingNothingIsCounted) {
  SingleRank candidate;
  candidate.spoil = true;
  Collector collector;
  Sweep sweep = quick(Collective::all_reduce);
  sweep.check = false;
  EXPECT_EQ(run_sweep(candidate, sweep, {&collector}), 0);
  EXPECT_FALSE(collector.rows[0].out_of_place->wrong.has_value());
}

TEST(Sweep, WalksThroughTypesOperatorsAndRootsWhereTheyMatter) {
  SingleRank candidate;
  Sweep sweep = quick(Collective::all_gather);
  sweep.sizes = {64};
  sweep.types = parse_types("all");
  sweep.ops = parse_ops("all");
  Collector gathers;
  run_sweep(candidate, sweep, {&gathers});
  EXPECT_EQ(gathers.rows.size(), 9u);  // all types but the one it lacks; no operator
  sweep.collective = Collective::reduce;
  Collector reductions;
  EXPECT_EQ(run_sweep(candidate, sweep, {&reductions}), 0);
  EXPECT_EQ(reductions.rows.size(), 45u);
}

TEST(Sweep, ABarrierIsOneRowWithoutData) {
  SingleRank candidate;
  Collector collector;
  run_sweep(candidate, quick(Collective::barrier), {&collector});
  ASSERT_EQ(collector.rows.size(), 1u);
  EXPECT_EQ(collector.rows[0].bytes, 0u);
  EXPECT_FALSE(collector.rows[0].in_place.has_value());
}

}  // namespace
}  // namespace weft::perf
