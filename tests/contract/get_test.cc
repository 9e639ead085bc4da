// Reading a peer's memory, where a transport can.
#include "contract.h"

namespace weft::contract {
namespace {

TEST_P(Contract, GetsReadExactlyOrAreUnsupported) {
  run(2, [](Rank& rank) {
    rank.connect_all();
    const LocalMemory memory = rank.allocate(2 << 20);
    const auto expected = pattern_bytes(rank.rank(), memory.bytes);
    std::copy(expected.begin(), expected.end(), data(memory));
    const auto imported = rank.share(memory);
    const auto theirs = pattern_bytes(rank.next(), 2 << 20);
    for (const std::size_t bytes : {0ul, 1ul, 7ul, 64ul, 4096ul, (1ul << 20) + 3}) {
      std::vector<std::byte> destination(bytes + 2, std::byte{0x5A});
      std::uint64_t completed = 0;
      Get get;
      get.destination = destination.data() + 1;
      get.source = &imported[rank.next()];
      get.source_offset = 13;
      get.bytes = bytes;
      get.completed = &completed;
      const Status status = rank.transport().get({&get, 1});
      if (!rank.transport().capabilities().get) {
        EXPECT_EQ(status.code, ErrorCode::unsupported);
        return;
      }
      ASSERT_TRUE(status.ok()) << status.message;
      rank.until("the bytes are there", [&] { return completed == 1; });
      EXPECT_TRUE(std::equal(destination.begin() + 1, destination.end() - 1, theirs.begin() + 13));
      EXPECT_EQ(destination.front(), std::byte{0x5A});
      EXPECT_EQ(destination.back(), std::byte{0x5A});
    }
    rank.barrier();
  });
}

}  // namespace
}  // namespace weft::contract
