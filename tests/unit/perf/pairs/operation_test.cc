#include "perf/pairs/operation.h"

#include <gtest/gtest.h>

namespace weft::perf {
namespace {

TEST(PairMode, NamesAreReadAsTheyAreWritten) {
  for (const char* name : {"send_lat", "send_bw", "channel_lat", "channel_bw", "put_lat", "put_bw",
                           "get_lat", "get_bw"}) {
    const auto mode = find_pair_mode(name);
    ASSERT_TRUE(mode) << name;
    EXPECT_EQ(text_of(*mode), name);
    EXPECT_NE(list_of_pair_modes().find(name), std::string::npos);
  }
  EXPECT_FALSE(find_pair_mode("all_reduce"));
  EXPECT_FALSE(find_pair_mode("transport_put_lat"));
}

TEST(PairWindow, IsOneForLatencyAndBoundedInBytesForBandwidth) {
  const PairMode latency{PairWay::send, false};
  const PairMode bandwidth{PairWay::send, true};
  EXPECT_EQ(window_of({latency, 8}), 1u);
  EXPECT_EQ(window_of({bandwidth, 8}), 64u);
  EXPECT_EQ(window_of({bandwidth, std::size_t{1} << 20}), 16u);
  EXPECT_EQ(window_of({bandwidth, std::size_t{64} << 20}), 1u);
}

}  // namespace
}  // namespace weft::perf
