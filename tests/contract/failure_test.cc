// Dead peers, and closing in the middle of things.
#include "contract.h"

namespace weft::contract {
namespace {

Put copy_and_count(const RemoteMemory& target, std::span<const std::byte> bytes) {
  Put put;
  put.source = bytes.data();
  put.target = &target;
  put.target_offset = 64;
  put.bytes = bytes.size();
  put.signal = SignalOp::add;
  put.signal_memory = &target;
  put.signal_value = 1;
  return put;
}

constexpr int kVictim = 2;

// Rank 2 dies; ranks 0 and 1 are told, cannot reach it any more, and go on with each other.
TEST_P(Contract, ADeadPeerIsReportedAndTheOthersGoOn) {
  if (!GetParam().processes) GTEST_SKIP() << "threads cannot be killed";
  run(
      3,
      [](Rank& rank) {
        rank.connect_all();
        const LocalMemory memory = rank.allocate(8192);
        const auto imported = rank.share(memory);
        if (rank.rank() == kVictim) rank.die();
        rank.until("the death is reported", [&] { return rank.failed(kVictim); });
        ASSERT_EQ(rank.failures().size(), 1u);
        EXPECT_EQ(rank.failures()[0].peer, kVictim);
        EXPECT_EQ(rank.failures()[0].code, ErrorCode::peer_failed);
        EXPECT_GT(std::string_view(rank.failures()[0].cause).size(), 0u);
        EXPECT_FALSE(rank.transport().connected(kVictim));

        const auto bytes = pattern_bytes(rank.rank(), 1000);
        const Put lost = copy_and_count(imported[kVictim], bytes);
        std::size_t posted = 99;
        const Status status = rank.transport().put({&lost, 1}, &posted);
        EXPECT_EQ(status.code, ErrorCode::peer_failed);
        EXPECT_GT(std::string_view(status.message).size(), 0u);
        EXPECT_EQ(posted, 0u);

        const int other = 1 - rank.rank();
        rank.post(copy_and_count(imported[other], bytes));
        rank.until("the other rank's put", [&] { return load_word(memory, 0) == 1; });
        EXPECT_EQ(first_difference({data(memory) + 64, 1000}, other), 1000u);
        rank.barrier();
        EXPECT_EQ(rank.failures().size(), 1u) << "reported twice";
      },
      kVictim);
}

// A batch is posted up to the first put to a dead peer.
TEST_P(Contract, APartOfABatchIsPostedBeforeADeadPeer) {
  if (!GetParam().processes) GTEST_SKIP() << "threads cannot be killed";
  run(
      3,
      [](Rank& rank) {
        rank.connect_all();
        const LocalMemory memory = rank.allocate(8192);
        const auto imported = rank.share(memory);
        if (rank.rank() == 2) rank.die();
        rank.until("the death is reported", [&] { return rank.failed(2); });
        const int other = 1 - rank.rank();
        const auto bytes = pattern_bytes(0, 100);
        const std::vector<Put> batch{copy_and_count(imported[other], bytes),
                                     copy_and_count(imported[2], bytes),
                                     copy_and_count(imported[other], bytes)};
        std::span<const Put> left(batch);
        Status status;
        rank.until("the batch comes to the dead peer", [&] {
          std::size_t posted = 0;
          status = rank.transport().put(left, &posted);
          left = left.subspan(posted);
          return status.code != ErrorCode::no_resources;
        });
        EXPECT_EQ(status.code, ErrorCode::peer_failed);
        EXPECT_EQ(left.size(), 2u);
        rank.barrier();
        rank.until("the first put", [&] { return load_word(memory, 0) == 1; });
        rank.barrier();
        EXPECT_EQ(load_word(memory, 0), 1u);
      },
      2);
}

// Traffic to a peer that dies while it flows ends in a failure and not in a hang.
TEST_P(Contract, APeerThatDiesUnderTrafficIsReported) {
  if (!GetParam().processes) GTEST_SKIP() << "threads cannot be killed";
  run(
      2,
      [](Rank& rank) {
        rank.connect_all();
        const LocalMemory memory = rank.allocate(1 << 20);
        const auto imported = rank.share(memory);
        const auto bytes = pattern_bytes(0, 1 << 19);
        const Put put = copy_and_count(imported[1], bytes);
        if (rank.rank() == 1) {
          rank.until("some traffic", [&] { return load_word(memory, 0) >= 20; });
          rank.die();
        }
        Status status;
        rank.until("a put fails", [&] {
          std::size_t posted = 0;
          status = rank.transport().put({&put, 1}, &posted);
          return !status.ok() && status.code != ErrorCode::no_resources;
        });
        EXPECT_EQ(status.code, ErrorCode::peer_failed);
        rank.until("the death is reported", [&] { return rank.failed(1); });
      },
      1);
}

// Nobody takes the traffic; closing does not wait for that.
TEST_P(Contract, ClosesWithTrafficOutstanding) {
  run(2, [](Rank& rank) {
    rank.connect_all();
    const LocalMemory memory = rank.allocate(1 << 20);
    const auto imported = rank.share(memory);
    const auto bytes = pattern_bytes(0, 4000);
    for (int i = 0; i < 2000; ++i) {
      const Put put = copy_and_count(imported[rank.next()], bytes);
      std::size_t posted = 0;
      const Status status = rank.transport().put({&put, 1}, &posted);
      if (status.code == ErrorCode::no_resources) break;
      ASSERT_TRUE(status.ok()) << status.message;
    }
    rank.barrier_without_progress();
    rank.close();
  });
}

// A rank may go with puts on their way: its peers may still wait for them.
TEST_P(Contract, WhatWasPostedArrivesAlthoughItsSenderCloses) {
  const std::string& name = GetParam().name;
  if (name.starts_with("sim") || name.starts_with("socket"))
    GTEST_SKIP() << "drops what is on its way";
  run(2, [](Rank& rank) {
    rank.connect_all();
    constexpr std::uint64_t kPuts = 8;
    const LocalMemory memory = rank.allocate(1 << 20);
    const auto imported = rank.share(memory);
    const auto bytes = pattern_bytes(0, 1 << 19);
    if (rank.rank() == 0) {
      for (std::uint64_t i = 0; i < kPuts; ++i) rank.post(copy_and_count(imported[1], bytes));
      rank.close();
    } else {
      rank.until("all that was posted", [&] { return load_word(memory, 0) == kPuts; });
      EXPECT_EQ(first_difference({data(memory) + 64, bytes.size()}, 0), bytes.size());
    }
    rank.barrier();
  });
}

// The others are not disturbed by a rank that closes early.
TEST_P(Contract, ARankThatClosesEarlyDoesNotDisturbOthers) {
  run(3, [](Rank& rank) {
    rank.connect_all();
    const LocalMemory memory = rank.allocate(8192);
    const auto imported = rank.share(memory);
    if (rank.rank() == 2) {
      rank.close();
    } else {
      const int other = 1 - rank.rank();
      const auto bytes = pattern_bytes(0, 1000);
      for (std::uint64_t round = 1; round <= 100; ++round) {
        rank.post(copy_and_count(imported[other], bytes));
        rank.until("the other rank's put", [&] { return load_word(memory, 0) >= round; });
        rank.transport().progress();
      }
      EXPECT_FALSE(rank.failed(other));
    }
    rank.barrier();
  });
}

}  // namespace
}  // namespace weft::contract
