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

// Reads from a peer that takes part in nothing for a while wait; those from another one do not.
TEST_P(Contract, ReadsFromAPeerThatIsNotReadyHoldUpNoOthers) {
  run(3, [](Rank& rank) {
    constexpr int kReader = 0, kReady = 1, kBusy = 2;
    constexpr std::size_t kReads = 300;
    constexpr std::size_t kBytes = 1000;
    rank.connect_all();
    if (!rank.transport().capabilities().get) return;
    const LocalMemory memory = rank.allocate(kBytes);
    const auto own = pattern_bytes(rank.rank(), kBytes);
    std::copy(own.begin(), own.end(), data(memory));
    const auto imported = rank.share(memory);
    std::vector<std::vector<std::byte>> late(kReads, std::vector<std::byte>(kBytes));
    std::uint64_t late_completed = 0;
    if (rank.rank() == kReader) {
      for (std::vector<std::byte>& destination : late) {
        const Get get{destination.data(), &imported[kBusy], 0, kBytes, &late_completed};
        ASSERT_TRUE(rank.transport().get({&get, 1}).ok());
      }
      std::vector<std::byte> got(kBytes);
      std::uint64_t completed = 0;
      const Get get{got.data(), &imported[kReady], 0, kBytes, &completed};
      ASSERT_TRUE(rank.transport().get({&get, 1}).ok());
      rank.until("the read from who is ready", [&] { return completed == 1; });
      EXPECT_EQ(first_difference(got, kReady), kBytes);
    }
    rank.rank() == kBusy ? rank.barrier_without_progress() : rank.barrier();
    if (rank.rank() == kReader) {
      rank.until("the others", [&] { return late_completed == kReads; });
      for (const auto& got : late) EXPECT_EQ(first_difference(got, kBusy), kBytes);
    }
    rank.barrier();
  });
}

}  // namespace
}  // namespace weft::contract
