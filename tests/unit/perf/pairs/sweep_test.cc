#include "perf/pairs/sweep.h"

#include "perf/pairs/program.h"
#include "unit/perf/pairs/two_threads.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <numeric>
#include <stdexcept>

namespace weft::perf {
namespace {

class Collector : public PairReporter {
 public:
  void measured(const PairMeasurement& result) override { results.push_back(result); }
  std::vector<PairMeasurement> results;
};

PairSweep quick(PairMode mode) {
  PairSweep sweep;
  sweep.mode = mode;
  sweep.sizes = {8, 1000};
  sweep.effort.iterations = 40;
  return sweep;
}

struct Outcome {
  std::int64_t wrong = 0;
  std::vector<PairMeasurement> results;
};

Outcome outcome_of(const PairSweep& sweep, bool spoil = false) {
  Outcome outcome;
  with_mail_pair([&](MailPair& pair) {
    pair.spoil = spoil;
    Collector collector;
    std::vector<PairReporter*> reporters;
    if (pair.rank() == 0) reporters.push_back(&collector);
    const std::int64_t wrong = run_pair_sweep(pair, sweep, reporters);
    if (pair.rank() == 0) outcome = {wrong, collector.results};
  });
  return outcome;
}

TEST(PairSweep, EverySizeIsTimedAndRight) {
  for (const bool bandwidth : {false, true}) {
    const Outcome outcome = outcome_of(quick({PairWay::send, bandwidth}));
    EXPECT_EQ(outcome.wrong, 0);
    ASSERT_EQ(outcome.results.size(), 2u);
    EXPECT_EQ(outcome.results[1].operation.bytes, 1000u);
    for (const PairMeasurement& result : outcome.results) {
      EXPECT_EQ(result.wrong, 0);
      EXPECT_EQ(result.messages, 40 * (bandwidth ? 64u : 2u));
      EXPECT_GT(result.batches.median, 0);
      EXPECT_FALSE(result.samples.empty());
      EXPECT_TRUE(result.line_ns());
    }
  }
}

TEST(PairSweep, EveryDamagedMessageIsFound) {
  // Before and after, three messages in both directions, for each of two sizes.
  EXPECT_EQ(outcome_of(quick({PairWay::send, false}), true).wrong, 2 * 2 * 3 * 2);
  // A window brings its last message, in one direction.
  EXPECT_EQ(outcome_of(quick({PairWay::send, true}), true).wrong, 2 * 3 * 2);
}

TEST(PairSweep, WithoutChecksNothingIsSaidOfTheData) {
  PairSweep sweep = quick({PairWay::send, false});
  sweep.check = false;
  const Outcome outcome = outcome_of(sweep, true);
  EXPECT_EQ(outcome.wrong, 0);
  EXPECT_FALSE(outcome.results[0].wrong);
}

TEST(PairSweep, WhatALibraryDoesNotHaveIsNamed) {
  with_mail_pair([&](MailPair& pair) {
    try {
      run_pair_sweep(pair, quick({PairWay::get, false}), {});
      ADD_FAILURE() << "no exception";
    } catch (const std::invalid_argument& error) {
      EXPECT_STREQ(error.what(), "mail has no get_lat of 8 bytes");
    }
  });
}

TEST(PairSweep, ARecordHoldsWhatTheComparisonReads) {
  const Outcome outcome = outcome_of(quick({PairWay::send, false}));
  const auto record = to_json("mail", 2, outcome.results[0]);
  EXPECT_EQ(record["record"], "result");
  EXPECT_EQ(record["mode"], "send_lat");
  EXPECT_EQ(record["bytes"], 8);
  EXPECT_EQ(record["wrong"], 0);
  for (const char* key : {"median_us", "p99_us", "p999_us", "stdev_us", "line_ns"}) {
    EXPECT_TRUE(record.contains(key)) << key;
  }
  std::size_t counted = 0;
  for (const auto& bin : record["histogram"]) counted += bin[1].get<std::size_t>();
  EXPECT_EQ(counted, outcome.results[0].samples.size());
}

TEST(PairArguments, AnUnknownModeIsAnsweredWithTheKnownOnes) {
  SweepArguments arguments;
  arguments.collective = "send_late";
  try {
    pair_sweep_of(arguments);
    FAIL() << "no exception";
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("send_lat, send_bw, channel_lat"), std::string::npos);
  }
}

}  // namespace
}  // namespace weft::perf
