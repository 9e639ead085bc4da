// Opening, connecting, idling and closing.
#include <algorithm>
#include <cstring>

#include "contract.h"

namespace weft::contract {
namespace {

TEST_P(Contract, ProbeFindsADevice) {
  transport::Device devices[4];
  Status why;
  const int count = GetParam().plugin->probe(devices, 4, &why);
  ASSERT_GE(count, 1) << why.message;
  EXPECT_LT(std::strlen(devices[0].name), sizeof(devices[0].name));
}

TEST_P(Contract, CapabilitiesAreSaneAndConstant) {
  run(2, [](Rank& rank) {
    const Capabilities before = rank.transport().capabilities();
    EXPECT_GE(before.max_message, 64u);
    EXPECT_GE(before.blocking_wait_fd, -1);
    rank.connect_all();
    const Capabilities after = rank.transport().capabilities();
    EXPECT_EQ(before.load_store, after.load_store);
    EXPECT_EQ(before.ordered, after.ordered);
    EXPECT_EQ(before.get, after.get);
    EXPECT_EQ(before.max_message, after.max_message);
    EXPECT_EQ(before.blocking_wait_fd, after.blocking_wait_fd);
  });
}

TEST_P(Contract, TheAddressIsConstant) {
  run(2, [](Rank& rank) {
    const auto address = rank.transport().address();
    const std::vector<std::byte> before(address.begin(), address.end());
    EXPECT_FALSE(before.empty());
    rank.connect_all();
    EXPECT_TRUE(std::ranges::equal(before, rank.transport().address()));
    EXPECT_EQ(address.data(), rank.transport().address().data());
  });
}

TEST_P(Contract, ConnectsToItselfAlone) {
  run(1, [](Rank& rank) {
    EXPECT_FALSE(rank.transport().connected(0));
    rank.connect_all();
    EXPECT_TRUE(rank.transport().connected(0));
  });
}

TEST_P(Contract, ConnectsEightRanks) {
  run(8, [](Rank& rank) {
    rank.connect_all();
    EXPECT_TRUE(rank.failures().empty());
  });
}

TEST_P(Contract, AForeignAddressIsUnsupportedAndChangesNothing) {
  run(2, [](Rank& rank) {
    const auto address = rank.transport().address();
    std::vector<std::byte> foreign(address.begin(), address.end());
    for (std::byte& byte : foreign) byte = ~byte;
    std::vector<std::byte> cut(address.begin(), address.end() - 1);
    for (const auto& wrong : {foreign, cut, std::vector<std::byte>{}}) {
      EXPECT_EQ(rank.transport().connect(rank.next(), wrong).code, ErrorCode::unsupported);
      EXPECT_FALSE(rank.transport().connected(rank.next()));
    }
    rank.connect_all();
    EXPECT_TRUE(rank.failures().empty());
  });
}

TEST_P(Contract, ARankOfAnotherJobIsRefusedInPlainWordsAndChangesNothing) {
  const auto body = [](Rank& rank) {
    const auto addresses = rank.exchange(rank.transport().address());
    const int partner = (rank.rank() + 2) % 4;
    for (const int peer : {rank.next(), rank.previous()}) {
      const Status status = rank.transport().connect(peer, addresses[peer]);
      EXPECT_EQ(status.code, ErrorCode::mismatch);
      EXPECT_NE(std::string(status.message).find("of another job"), std::string::npos)
          << status.message;
      EXPECT_FALSE(rank.transport().connected(peer));
    }
    // The number of one that was refused is free.
    ASSERT_TRUE(rank.transport().connect(rank.next(), addresses[partner]).ok());
    rank.until("the rank of the same job is connected",
               [&] { return rank.transport().connected(rank.next()); });
    EXPECT_TRUE(rank.failures().empty());
    rank.barrier();
  };
  contract::run(GetParam(), 4, body, -1, {.jobs = 2});
}

TEST_P(Contract, IdleProgressHandlesNothing) {
  run(2, [](Rank& rank) {
    rank.connect_all();
    for (int quiet = 0; quiet < 100;) quiet = rank.transport().progress() == 0 ? quiet + 1 : 0;
    EXPECT_TRUE(rank.failures().empty());
  });
}

TEST_P(Contract, ProgressWorksBeforeAnythingIsConnected) {
  run(1, [](Rank& rank) {
    for (int i = 0; i < 10; ++i) EXPECT_EQ(rank.transport().progress(), 0);
  });
}

TEST_P(Contract, OpensAndClosesManyTimes) {
  for (int round = 0; round < 20; ++round) {
    run(2, [](Rank& rank) {
      rank.connect_all();
      const LocalMemory memory = rank.allocate(4096);
      rank.share(memory);
    });
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace weft::contract
