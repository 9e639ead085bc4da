#include "executor/packet.h"

#include <gtest/gtest.h>

#include <vector>

namespace weft::executor {
namespace {

struct alignas(kCacheLine) Line {
  std::byte bytes[kCacheLine] = {};
};

TEST(Packets, CarryEveryLengthAndNothingBeyondIt) {
  for (std::size_t bytes = 0; bytes < 300; ++bytes) {
    std::vector<Line> lines(packet_lines(bytes));
    std::vector<std::byte> sent(bytes), received(bytes + 1, std::byte{0x5A});
    for (std::size_t i = 0; i < bytes; ++i) sent[i] = static_cast<std::byte>(i * 31 + 7);
    std::size_t next = 0;
    EXPECT_FALSE(read_packets(lines[0].bytes, received.data(), bytes, 42, &next));
    write_packets(lines[0].bytes, sent.data(), bytes, 42);
    ASSERT_TRUE(read_packets(lines[0].bytes, received.data(), bytes, 42, &next));
    EXPECT_TRUE(std::equal(sent.begin(), sent.end(), received.begin()));
    EXPECT_EQ(received[bytes], std::byte{0x5A});
    EXPECT_FALSE(read_packets(lines[0].bytes, received.data(), bytes, 43, &next));
  }
}

TEST(Packets, GoOnAtTheFirstLineThatIsMissing) {
  std::vector<Line> lines(3);
  std::vector<std::byte> sent(150, std::byte{1}), received(150);
  write_packets(lines[0].bytes, sent.data(), 56, 7);
  std::size_t next = 0;
  EXPECT_FALSE(read_packets(lines[0].bytes, received.data(), 150, 7, &next));
  EXPECT_EQ(next, 1u);
  write_packets(lines[1].bytes, sent.data(), 94, 7);
  EXPECT_TRUE(read_packets(lines[0].bytes, received.data(), 150, 7, &next));
  EXPECT_EQ(received, sent);
}

}  // namespace
}  // namespace weft::executor
