#include "perf/pairs/columns.h"

#include "perf/pairs/histogram.h"

#include <gtest/gtest.h>

#include <numeric>
#include <sstream>
#include <string>
#include <vector>

namespace weft::perf {
namespace {

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

std::string printed(const PairMeasurement& result) {
  std::FILE* file = std::tmpfile();
  PairColumns columns(file, result.operation.mode);
  columns.heading();
  columns.measured(result);
  std::rewind(file);
  std::string text(4096, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  return text;
}

PairMeasurement sample(bool bandwidth) {
  PairMeasurement result;
  result.operation = {{PairWay::send, bandwidth}, 1 << 20};
  result.messages = 2000;
  result.batches = summarize({1, 1, 4});
  result.singles = summarize({0.5, 1, 1.5});
  result.wrong = 0;
  return result;
}

TEST(PairColumns, LatencyStandsAsInPerftest) {
  const std::vector<std::string> expected = {"1048576", "2000",  "0.500", "1.500", "1.000", "2.000",
                                             "0.408",   "1.500", "1.500", "-",     "-",     "0"};
  const std::string text = printed(sample(false));
  EXPECT_EQ(words_of(text.substr(text.find('\n'))), expected);
  EXPECT_EQ(words_of(text.substr(0, text.find('\n'))).size(), expected.size());
}

TEST(PairColumns, BandwidthStandsAsInPerftest) {
  const std::vector<std::string> expected = {"1048576",  "2000", "1000000.00", "500000.00",
                                             "0.500000", "-",    "-",          "0"};
  const std::string text = printed(sample(true));
  EXPECT_EQ(words_of(text.substr(text.find('\n'))), expected);
}

TEST(PairColumns, ACacheLinesTimeGivesTheRatioToIt) {
  PairMeasurement result = sample(false);
  result.line_before_ns = 80;
  result.line_after_ns = 120;
  result.wrong.reset();
  const std::string text = printed(result);
  const auto words = words_of(text.substr(text.find('\n')));
  EXPECT_EQ(std::vector<std::string>(words.end() - 3, words.end()),
            (std::vector<std::string>{"100", "10.00", "N/A"}));
}

TEST(Histogram, BinsHoldEverySampleAndKeepTheTail) {
  std::vector<double> samples(1000, 0.1);
  samples.push_back(50);
  const auto bins = histogram_of(samples);
  ASSERT_EQ(bins.size(), 2u);
  EXPECT_EQ(bins[0].second, 1000u);
  EXPECT_LE(bins[0].first, 0.1);
  EXPECT_GT(bins[0].first, 0.1 / 1.05);
  EXPECT_EQ(bins[1].second, 1u);
  EXPECT_NEAR(bins[1].first, 50, 2.5);
}

TEST(Histogram, NoSamplesGiveNoBins) { EXPECT_TRUE(histogram_of({}).empty()); }

}  // namespace
}  // namespace weft::perf
