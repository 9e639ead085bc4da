#include "perf/common/statistics.h"

#include <gtest/gtest.h>

#include <numeric>

namespace weft::perf {
namespace {

std::vector<double> one_to(int last) {
  std::vector<double> values(static_cast<std::size_t>(last));
  std::iota(values.begin(), values.end(), 1.0);
  return values;
}

TEST(Statistics, NinetyNinthPercentileOfAHundredIsTheNinetyNinth) {
  EXPECT_EQ(percentile(one_to(100), 99), 99);
  EXPECT_EQ(percentile(one_to(1000), 99), 990);
}

TEST(Statistics, NinetyNinthPercentileOfFewSamplesIsTheirMaximum) {
  EXPECT_EQ(percentile(one_to(5), 99), 5);
  EXPECT_EQ(percentile(one_to(99), 99), 99);
}

TEST(Statistics, PercentilesAtTheEndsAreSamples) {
  EXPECT_EQ(percentile(one_to(10), 0), 1);
  EXPECT_EQ(percentile(one_to(10), 100), 10);
}

TEST(Statistics, MedianOfAnEvenNumberIsTheMeanOfTheTwoInTheMiddle) {
  EXPECT_EQ(median_of({4, 1, 3, 2}), 2.5);
  EXPECT_EQ(median_of({3, 1, 2}), 2);
}

TEST(Statistics, OneOutlierMovesTheMaximumButNotTheMedian) {
  const Statistics result = summarize({1, 1, 1, 1, 1000});
  EXPECT_EQ(result.median, 1);
  EXPECT_EQ(result.mad, 0);
  EXPECT_EQ(result.max, 1000);
  EXPECT_EQ(result.min, 1);
  EXPECT_DOUBLE_EQ(result.mean, 1004.0 / 5);
  EXPECT_EQ(result.samples, 5u);
}

TEST(Statistics, MadIsTheMedianDistanceFromTheMedian) {
  EXPECT_EQ(summarize({1, 1, 2, 2, 4, 6, 9}).mad, 1);
}

TEST(Statistics, TheTailIsTheLastThousandth) {
  EXPECT_EQ(summarize(one_to(10000)).p999, 9990);
  EXPECT_EQ(summarize(one_to(999)).p999, 999);
}

TEST(Statistics, StandardDeviationIsOfAllSamples) {
  EXPECT_DOUBLE_EQ(summarize({2, 4, 4, 4, 5, 5, 7, 9}).stdev, 2);
  EXPECT_EQ(summarize({3}).stdev, 0);
}

TEST(Statistics, ScalingKeepsTheNumberOfSamples) {
  const Statistics half = scaled(summarize(one_to(9)), 0.5);
  EXPECT_EQ(half.samples, 9u);
  EXPECT_EQ(half.median, 2.5);
  EXPECT_EQ(half.max, 4.5);
  EXPECT_EQ(half.mad, 1);
}

TEST(Statistics, NoSamplesGiveZeros) { EXPECT_EQ(summarize({}).samples, 0u); }

}  // namespace
}  // namespace weft::perf
