#include "perf/common/columns.h"

#include "perf/common/json_lines.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sstream>

namespace weft::perf {
namespace {

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

Measurement measured(double us, std::int64_t wrong) {
  Measurement result;
  result.timing.microseconds = summarize({us, us, us});
  result.timing.microseconds.p99 = 2 * us;
  result.wrong = wrong;
  return result;
}

Row sample_row() {
  Row row;
  row.operation = {.collective = Collective::all_reduce, .count = 262144};
  row.bytes = 1 << 20;
  row.out_of_place = measured(100, 0);
  row.in_place = measured(50, 3);
  return row;
}

LimitsTable sample_limits() {
  std::istringstream lines(
      R"({"record":"run","candidate":"limit"}
{"record":"result","candidate":"limit","collective":"all_reduce","ranks":2,"bytes":1024,"median_us":1}
{"record":"strategy","candidate":"limit","collective":"all_reduce","ranks":2,"bytes":4096,"median_us":9}
{"record":"result","candidate":"limit","collective":"all_reduce","ranks":2,"bytes":4096,"median_us":4}
{"record":"result","candidate":"limit","collective":"all_reduce","ranks":2,"bytes":1048576,"median_us":80}
{"record":"result","cand)");
  return LimitsTable::parse(lines);
}

TEST(Columns, StandInTheOrderOfNcclTests) {
  const std::vector<std::string> expected = {"1048576", "262144", "f32",   "sum",    "-1",
                                             "100.00",  "10.49",  "10.49", "0",      "50.00",
                                             "20.97",   "20.97",  "3",     "200.00", "100.00"};
  EXPECT_EQ(words_of(format_row(sample_row(), 2, nullptr)), expected);
}

TEST(Columns, BusBandwidthDependsOnTheRanks) {
  EXPECT_EQ(words_of(format_row(sample_row(), 8, nullptr))[7], "18.35");
}

TEST(Columns, WhatWasNotMeasuredIsADash) {
  Row row = sample_row();
  row.in_place.reset();
  row.out_of_place->wrong.reset();
  const auto words = words_of(format_row(row, 2, nullptr));
  EXPECT_EQ(words[8], "N/A");
  EXPECT_EQ(words[9], "-");
}

TEST(Columns, LimitsAddAFraction) {
  const LimitsTable limits = sample_limits();
  EXPECT_EQ(words_of(format_row(sample_row(), 2, &limits)).back(), "80%");
  EXPECT_EQ(words_of(format_row(sample_row(), 4, &limits)).back(), "-");
}

TEST(Columns, RowsAreAsWideAsTheHeading) {
  std::istringstream heading(format_heading(false));
  std::string first;
  std::string second;
  std::getline(heading, first);
  std::getline(heading, second);
  EXPECT_EQ(format_row(sample_row(), 2, nullptr).size(), second.size());
}

TEST(LimitsTable, InterpolatesOnLogarithmicScales) {
  EXPECT_DOUBLE_EQ(*sample_limits().microseconds(Collective::all_reduce, 2, 2048), 2);
}

TEST(LimitsTable, KnowsNothingOutsideOfWhatWasMeasured) {
  const LimitsTable limits = sample_limits();
  EXPECT_FALSE(limits.microseconds(Collective::all_reduce, 2, 512));
  EXPECT_FALSE(limits.microseconds(Collective::all_reduce, 2, 2 << 20));
  EXPECT_FALSE(limits.microseconds(Collective::all_gather, 2, 1024));
}

TEST(LimitsTable, AMissingFileIsNamed) {
  try {
    LimitsTable::load("/nonexistent/limits.json");
    FAIL() << "no exception";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("/nonexistent/limits.json"), std::string::npos);
  }
}

TEST(JsonLines, ARecordHoldsWhatTheComparisonReads) {
  const auto record = to_json("weft plain", 2, sample_row().operation, 1 << 20, measured(100, 0));
  EXPECT_EQ(record["record"], "result");
  EXPECT_EQ(record["candidate"], "weft plain");
  EXPECT_EQ(record["bytes"], 1 << 20);
  EXPECT_EQ(record["median_us"], 100.0);
  EXPECT_EQ(record["p99_us"], 200.0);
  EXPECT_EQ(record["in_place"], false);
  EXPECT_EQ(record["wrong"], 0);
  EXPECT_EQ(record["root"], -1);
}

}  // namespace
}  // namespace weft::perf
