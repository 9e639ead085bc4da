#include "perf/common/line_probe.h"

#include "perf/limits/direct_candidate.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>

namespace weft::perf {
namespace {

TEST(LineGate, ReadsRanges) {
  EXPECT_TRUE(parse_line_gate("0:").open());
  EXPECT_TRUE(parse_line_gate(":").open());
  const LineGate low = parse_line_gate(":80");
  EXPECT_TRUE(low.admits(80) && low.admits(0));
  EXPECT_FALSE(low.admits(80.5) || low.open());
  const LineGate high = parse_line_gate("100:");
  EXPECT_TRUE(high.admits(100) && high.admits(1e6));
  EXPECT_FALSE(high.admits(99));
}

TEST(LineGate, RefusesWhatIsNoRange) {
  for (const char* text : {"", "80", "a:b", "100:50", "-1:5", "1:2:3"}) {
    EXPECT_THROW(parse_line_gate(text), std::invalid_argument) << text;
  }
}

TEST(LineProbe, BothRanksSeeTheSameTimeAndLeaveNoFile) {
  ThreadPair pair;
  std::optional<double> seen[kPair];
  run_pair(false, [&](int rank) {
    DirectCandidate candidate(pair, rank, Strategy::lines);
    LineProbe probe(candidate);
    probe.one_way_ns();
    seen[rank] = probe.one_way_ns();
  });
  ASSERT_TRUE(seen[0] && seen[1]);
  EXPECT_EQ(*seen[0], *seen[1]);
  EXPECT_GT(*seen[0], 0);
  EXPECT_FALSE(std::filesystem::exists("/dev/shm/perf-line-of-weft-" + std::to_string(getpid())));
}

}  // namespace
}  // namespace weft::perf
