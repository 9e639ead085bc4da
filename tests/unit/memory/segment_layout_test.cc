#include "memory/segment_layout.h"

#include <gtest/gtest.h>
#include <weft/error.h>

#include <algorithm>
#include <vector>

namespace weft::memory {
namespace {

constexpr std::size_t kDefaultBytes = std::size_t{4} << 20;

struct Range {
  std::size_t begin, end;
};

// Every part of a segment, in no order.
std::vector<Range> parts(int ranks, const SegmentLayout& layout) {
  std::vector<Range> all{{0, sizeof(Control)}};
  for (int peer = 0; peer < ranks; ++peer) {
    const std::size_t mailbox = layout.mailbox_offset(peer);
    all.push_back({mailbox, mailbox + layout.mailbox_bytes});
    const std::size_t departure = layout.departure_offset(peer);
    all.push_back({departure, departure + sizeof(std::uint64_t)});
    const std::size_t probe = layout.probe_offset(peer);
    all.push_back({probe, probe + sizeof(Probe)});
  }
  all.push_back({layout.packets, layout.packets + 2 * layout.packet_bytes + kTrailBytes});
  for (int lane = 0; lane < layout.lanes; ++lane) {
    const std::size_t scratch = layout.scratch_offset(lane);
    all.push_back({scratch, scratch + 2 * layout.lane_bytes});
    for (int parity = 0; parity < 2; ++parity) {
      const std::size_t signals = layout.signal_offset(lane, parity, 0);
      all.push_back(
          {signals, layout.signal_offset(lane, parity, layout.slots - 1) + sizeof(Signal)});
    }
  }
  return all;
}

TEST(Segments, PartsNeitherOverlapNorLeaveTheSegment) {
  for (int ranks : {1, 2, 3, 8, 64, 500}) {
    const SegmentLayout layout = make_segment_layout(ranks, kDefaultBytes);
    std::vector<Range> all = parts(ranks, layout);
    std::sort(all.begin(), all.end(), [](Range a, Range b) { return a.begin < b.begin; });
    for (std::size_t i = 1; i < all.size(); ++i) {
      EXPECT_LE(all[i - 1].end, all[i].begin) << ranks << " ranks, part " << i;
    }
    EXPECT_LE(all.back().end, layout.total);
    EXPECT_LE(layout.total, kDefaultBytes);
  }
}

TEST(Segments, WordsThatRanksShareHaveLinesOfTheirOwn) {
  const SegmentLayout layout = make_segment_layout(4, kDefaultBytes);
  for (int slot = 0; slot < layout.slots; ++slot) {
    EXPECT_EQ(layout.signal_offset(1, 1, slot) % kCacheLine, 0u);
  }
  EXPECT_EQ(layout.probe_offset(3) % sizeof(Probe), 0u);
  EXPECT_EQ(layout.packets % kCacheLine, 0u);
  EXPECT_EQ(layout.packet_bytes % kCacheLine, 0u);
  EXPECT_EQ(layout.mailbox_offset(3) % kCacheLine, 0u);
  EXPECT_EQ(layout.scratch_offset(1) % 4096, 0u);
}

TEST(Segments, TheLeastThatTheErrorNamesWorks) {
  for (int ranks : {2, 64, 1000}) {
    try {
      (void)make_segment_layout(ranks, 4096);
      FAIL() << "4096 bytes were enough for " << ranks << " ranks";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
      const std::string text = error.what();
      const std::size_t least = std::stoul(text.substr(text.rfind(' ') + 1));
      EXPECT_NO_THROW((void)make_segment_layout(ranks, least)) << text;
      EXPECT_THROW((void)make_segment_layout(ranks, least - 1), Error);
    }
  }
}

}  // namespace
}  // namespace weft::memory
