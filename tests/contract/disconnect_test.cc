// Peers that come and go, and that number each other differently.
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <initializer_list>
#include <string_view>

#include "contract.h"

namespace weft::contract {
namespace {

constexpr int kA = 0, kB = 1, kC = 2;
constexpr Numbers kGuests{.own = 0, .size = 4, .jobs = 0};
// By whom, of whom.
constexpr int kNumber[3][3] = {{0, 2, 3}, {1, 0, 3}, {2, 1, 0}};

constexpr std::size_t kBytes = 1 << 20;    // of each rank's memory
constexpr std::uint64_t kLanes = 300'000;  // what is put lies here, for each sender

// A rank whose peers have numbers of its own choice. All ranks make one at the same time.
class Guest {
 public:
  explicit Guest(Rank& rank)
      : rank_(rank),
        memory_(rank.allocate(kBytes)),
        addresses_(rank.exchange(rank.transport().address())),
        keys_(rank.exchange(std::as_bytes(std::span(&memory_.key, 1)))) {}

  Transport& transport() { return rank_.transport(); }
  const LocalMemory& memory() const { return memory_; }
  int number_of(int other) const { return kNumber[rank_.rank()][other]; }

  void start_to_connect(int other) { start_to_connect(other, number_of(other)); }
  void start_to_connect(int other, int number) {
    const Status status = transport().connect(number, addresses_[other]);
    EXPECT_TRUE(status.ok()) << status.message;
  }
  void connect(int other) { connect(other, number_of(other)); }
  void connect(int other, int number) {
    start_to_connect(other, number);
    rank_.until("the peer is connected", [&] { return transport().connected(number); });
    import(other, number);
  }
  // Both sides do it; afterwards both may connect again.
  void disconnect(int other) {
    transport().disconnect(number_of(other));
    EXPECT_FALSE(transport().connected(number_of(other)));
    release(other);
  }
  void release(int other) { transport().release(imported_[other]); }

  // Puts `bytes` of this rank's pattern and adds to the other's counter of this rank, as often as
  // returned.
  std::uint64_t send(int other, std::uint64_t seed, std::size_t bytes) {
    const auto lane = static_cast<std::uint64_t>(rank_.rank());
    const auto& source = sources_.emplace_back(pattern_bytes(seed, bytes));
    return rank_.send(imported_[other], 64 + lane * kLanes, source, 8 * lane);
  }
  // Until as many puts have come from the other as it has sent.
  void receive(int other, std::uint64_t puts, std::uint64_t seed, std::size_t bytes) {
    const auto lane = static_cast<std::uint64_t>(other);
    expected_[other] += puts;
    rank_.until("the other's puts",
                [&] { return load_word(memory_, 8 * lane) >= expected_[other]; });
    EXPECT_EQ(load_word(memory_, 8 * lane), expected_[other]);
    EXPECT_EQ(first_difference({data(memory_) + 64 + lane * kLanes, bytes}, seed), bytes);
  }
  // The same in both directions, with small and with large puts.
  void talk(int other, std::uint64_t seed) {
    for (const std::size_t bytes : {8ul, 2000ul, 250'000ul}) {
      const std::uint64_t puts = send(other, seed + bytes, bytes);
      receive(other, puts, seed + bytes, bytes);
      meet(other);
    }
  }
  const RemoteMemory& of(int other) const { return imported_[other]; }

  bool learned(int other) {
    return rank_.failed(number_of(other)) && !transport().connected(number_of(other));
  }

 private:
  void import(int other, int number) {
    MemoryKey key;
    std::memcpy(&key, keys_[other].data(), sizeof(key));
    const Status status = transport().import_memory(number, key, &imported_[other]);
    EXPECT_TRUE(status.ok()) << status.message;
    EXPECT_EQ(imported_[other].peer, number);
  }
  // Both have seen what was sent before.
  void meet(int other) {
    Put put;
    put.signal = SignalOp::add;
    put.signal_memory = &imported_[other];
    put.signal_offset = 32 + 8 * static_cast<std::uint64_t>(rank_.rank());
    put.signal_value = 1;
    rank_.post(put);
    ++met_[other];
    rank_.until("the other has seen it", [&] {
      return load_word(memory_, 32 + 8 * static_cast<std::uint64_t>(other)) >= met_[other];
    });
  }

  Rank& rank_;
  const LocalMemory memory_;
  const std::vector<std::vector<std::byte>> addresses_;
  const std::vector<std::vector<std::byte>> keys_;
  std::array<RemoteMemory, 3> imported_;
  std::deque<std::vector<std::byte>> sources_;
  std::array<std::uint64_t, 3> expected_{};
  std::array<std::uint64_t, 3> met_{};
};

bool is_of(std::byte byte, std::size_t index, std::initializer_list<std::uint64_t> seeds) {
  return std::ranges::any_of(seeds,
                             [&](std::uint64_t seed) { return pattern(seed, index) == byte; });
}

class Guests : public Contract {
 protected:
  void run(int ranks, const Body& body, int killed = -1) {
    contract::run(GetParam(), ranks, body, killed, kGuests);
  }
  // A load/store peer learns nothing of a disconnect.
  bool learns() const { return std::string_view(GetParam().plugin->name) != "shm"; }
};

INSTANTIATE_TEST_SUITE_P(Every, Guests, testing::ValuesIn(all_subjects()), subject_name);

TEST_P(Guests, NumbersMayDifferAtBothEnds) {
  run(2, [](Rank& rank) {
    Guest guest(rank);
    const int other = 1 - rank.rank();
    guest.connect(other);
    rank.barrier();
    guest.talk(other, 5);
    if (rank.transport().capabilities().get) {
      const auto mine = pattern_bytes(rank.rank(), 5000);
      std::memcpy(data(guest.memory()) + 64, mine.data(), mine.size());
      rank.barrier();
      std::vector<std::byte> got(mine.size());
      std::uint64_t completed = 0;
      {
        const RemoteMemory source = guest.of(other);
        const Get get{got.data(), &source, 64, got.size(), &completed};
        ASSERT_TRUE(rank.transport().get({&get, 1}).ok());
      }
      rank.until("the bytes are there", [&] { return completed == 1; });
      EXPECT_EQ(first_difference(got, other), got.size());
      rank.barrier();
    }
    EXPECT_TRUE(rank.failures().empty());
  });
}

TEST_P(Guests, ThoseThatHaveDisconnectedConnectAgain) {
  run(2, [](Rank& rank) {
    Guest guest(rank);
    const int other = 1 - rank.rank();
    for (std::uint64_t round = 0; round < 5; ++round) {
      guest.connect(other);
      guest.talk(other, round);
      rank.barrier();
      guest.disconnect(other);
      rank.barrier();
    }
  });
}

TEST_P(Guests, AnotherTakesTheNumber) {
  run(3, [](Rank& rank) {
    Guest guest(rank);
    const int me = rank.rank();
    if (me != kC) {
      guest.connect(1 - me);
      guest.talk(1 - me, 1);
    }
    rank.barrier();
    if (me != kC) guest.disconnect(1 - me);
    rank.barrier();
    if (me == kA) guest.connect(kC, kNumber[kA][kB]);
    if (me == kC) guest.connect(kA, 2);
    if (me != kB) guest.talk(kA + kC - me, 2);
    rank.barrier();
  });
}

TEST_P(Guests, AThirdGoesOnUndisturbed) {
  run(3, [](Rank& rank) {
    Guest guest(rank);
    const int me = rank.rank();
    for (const int other : {kA, kB, kC}) {
      if (other != me) guest.connect(other);
    }
    rank.barrier();
    for (std::uint64_t round = 0; round < 5; ++round) {
      if (me != kC) guest.talk(1 - me, round);
      rank.barrier();
      if (me == kC) {
        for (const int other : {kA, kB}) guest.talk(other, round);
      } else {
        guest.disconnect(1 - me);
        guest.talk(kC, round);
      }
      rank.barrier();
      if (me != kC) guest.connect(1 - me);
    }
    EXPECT_FALSE(rank.failed(guest.number_of(me == kC ? kA : kC)));
    rank.barrier();
  });
}

// A ends the connection with puts and gets under way in both directions.
TEST_P(Guests, WhatIsUnderWayIsDropped) {
  const bool learns = this->learns();
  run(2, [&](Rank& rank) {
    Guest guest(rank);
    const int other = 1 - rank.rank();
    guest.connect(other);
    guest.talk(other, 1);
    rank.barrier();
    const std::size_t large =
        std::min<std::uint64_t>(kLanes, rank.transport().capabilities().max_message);
    auto source = pattern_bytes(7, large);
    std::vector<std::byte> destination(large);
    std::uint64_t completed = 0;
    for (int i = 0; i < 200; ++i) {
      Put put;
      put.source = source.data();
      put.target = put.signal_memory = &guest.of(other);
      put.target_offset = 64;
      put.bytes = i % 2 == 0 ? 100 : large;
      put.signal = SignalOp::add;
      put.signal_offset = 56;
      put.signal_value = 1;
      put.completed = &completed;
      const Get get{destination.data(), &guest.of(other), 64, large, &completed};
      if (rank.transport().capabilities().get && i % 50 == 0) {
        EXPECT_TRUE(rank.transport().get({&get, 1}).ok());
      }
      std::size_t posted = 0;
      if (!rank.transport().put({&put, 1}, &posted).ok()) break;
    }
    rank.barrier_without_progress();
    if (rank.rank() == kA) {
      guest.disconnect(kB);
      const std::uint64_t raised = completed;
      std::fill(source.begin(), source.end(), std::byte{0xEE});
      std::fill(destination.begin(), destination.end(), std::byte{0xDD});
      const std::vector<std::byte> before(data(guest.memory()), data(guest.memory()) + kBytes);
      rank.barrier();
      rank.barrier();
      EXPECT_EQ(completed, raised);
      EXPECT_EQ(std::memcmp(before.data(), guest.memory().address, kBytes), 0);
      EXPECT_EQ(destination, std::vector<std::byte>(large, std::byte{0xDD}));
      EXPECT_TRUE(rank.failures().empty());
    } else {
      rank.barrier_without_progress();
      if (learns) rank.until("it learns of it", [&] { return guest.learned(kA); });
      rank.barrier();
      guest.disconnect(kA);
      // Nothing of what A wrote into its source afterwards has come.
      const std::byte* lane = data(guest.memory()) + 64;
      std::size_t i = 0;
      while (i < large && (lane[i] == std::byte{0} || is_of(lane[i], i, {7, 9, 2001, 250'001})))
        ++i;
      EXPECT_EQ(i, large);
    }
    rank.barrier();
    rank.forget_failures();
    guest.connect(other);
    rank.barrier();
    EXPECT_TRUE(rank.failures().empty());
  });
}

// Memory that is gone when it is given back: who touches it then ends the program.
class Fleeting {
 public:
  explicit Fleeting(std::size_t bytes) : bytes_(bytes) {
    address_ = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(address_, MAP_FAILED);
  }
  ~Fleeting() { give_back(); }
  Fleeting(const Fleeting&) = delete;
  Fleeting& operator=(const Fleeting&) = delete;
  void* address() const { return address_; }
  void give_back() {
    if (address_ != nullptr) munmap(address_, bytes_);
    address_ = nullptr;
  }

 private:
  std::size_t bytes_;
  void* address_ = nullptr;
};

// Sources, destinations and what completions raise may go with the connection: neither progress()
// nor close() touches them.
TEST_P(Guests, MemoryOfADisconnectedPeersWorkMayGo) {
  run(2, [](Rank& rank) {
    Guest guest(rank);
    const int other = 1 - rank.rank();
    guest.connect(other);
    guest.talk(other, 1);
    rank.barrier();
    const std::size_t large =
        std::min<std::uint64_t>(kLanes, rank.transport().capabilities().max_message);
    Fleeting source(large), destination(large), counter(sizeof(std::uint64_t));
    for (int i = 0; i < 100; ++i) {
      auto* completed = static_cast<std::uint64_t*>(counter.address());
      Put put;
      put.source = source.address();
      put.target = put.signal_memory = &guest.of(other);
      put.target_offset = 64;
      put.bytes = i % 2 == 0 ? 100 : large;
      put.signal = SignalOp::add;
      put.signal_offset = 56;
      put.signal_value = 1;
      put.completed = completed;
      const Get get{destination.address(), &guest.of(other), 64, large, completed};
      if (rank.transport().capabilities().get && i % 10 == 0) {
        EXPECT_TRUE(rank.transport().get({&get, 1}).ok());
      }
      std::size_t posted = 0;
      if (!rank.transport().put({&put, 1}, &posted).ok()) break;
    }
    rank.barrier_without_progress();
    guest.disconnect(other);
    for (Fleeting* memory : {&source, &destination, &counter}) memory->give_back();
    rank.barrier();
    for (int i = 0; i < 1000; ++i) rank.transport().progress();
    rank.barrier();
    rank.close();
  });
}

TEST_P(Guests, ThePeerLearnsOfIt) {
  if (!learns()) GTEST_SKIP() << "a load/store peer learns nothing";
  run(2, [](Rank& rank) {
    Guest guest(rank);
    const int other = 1 - rank.rank();
    for (std::uint64_t round = 0; round < 3; ++round) {
      guest.connect(other);
      guest.talk(other, round);
      rank.barrier();
      // The one that ends it may connect again at once; the connection begins with both.
      if (rank.rank() == kA) {
        guest.disconnect(kB);
        EXPECT_TRUE(rank.failures().empty());
        if (round == 1) guest.start_to_connect(kB);
      } else {
        const auto told = [&] { return guest.learned(kA); };
        const bool sleeps = rank.transport().capabilities().blocking_wait_fd >= 0;
        sleeps ? rank.until_woken("it learns of it", told) : rank.until("it learns of it", told);
        EXPECT_EQ(rank.failures().size(), 1u);
        std::size_t posted = 0;
        Put put;
        put.signal = SignalOp::set;
        put.signal_memory = &guest.of(kA);
        EXPECT_EQ(rank.transport().put({&put, 1}, &posted).code, ErrorCode::peer_failed);
        guest.disconnect(kA);
        rank.forget_failures();
      }
      rank.barrier();
      if (rank.rank() == kA && round == 1) guest.transport().disconnect(guest.number_of(kB));
      rank.barrier();
    }
  });
}

TEST_P(Guests, OneMayConnectAgainBeforeThePeerHasDisconnected) {
  if (!learns()) GTEST_SKIP() << "a load/store peer learns nothing";
  run(2, [](Rank& rank) {
    Guest guest(rank);
    const int other = 1 - rank.rank();
    guest.connect(other);
    guest.talk(other, 1);
    rank.barrier();
    if (rank.rank() == kA) {
      guest.disconnect(kB);
      guest.connect(kB);
    } else {
      rank.until("it learns of it", [&] { return guest.learned(kA); });
      guest.disconnect(kA);
      guest.connect(kA);
    }
    guest.talk(other, 2);
    rank.barrier();
  });
}

TEST_P(Guests, ANumberWithoutAConnectionMayBeDisconnected) {
  run(2, [](Rank& rank) {
    Guest guest(rank);
    const int other = 1 - rank.rank();
    for (int number = 0; number < kGuests.size; ++number) rank.transport().disconnect(number);
    // The other has not connected yet.
    if (rank.rank() == kA) {
      for (int i = 0; i < 3; ++i) {
        guest.start_to_connect(kB);
        rank.transport().progress();
        rank.transport().disconnect(guest.number_of(kB));
      }
    }
    rank.barrier();
    guest.connect(other);
    guest.talk(other, 3);
    rank.barrier();
    EXPECT_TRUE(rank.failures().empty());
  });
}

TEST_P(Guests, TheNumberOfADeadPeerIsUsedAgain) {
  if (!GetParam().processes) GTEST_SKIP() << "threads cannot be killed";
  run(
      3,
      [](Rank& rank) {
        Guest guest(rank);
        const int me = rank.rank();
        if (me != kC) {
          guest.connect(1 - me);
          guest.talk(1 - me, 1);
        }
        rank.barrier();
        if (me == kB) rank.die();
        if (me == kA) {
          rank.until("the death is reported", [&] { return rank.failed(guest.number_of(kB)); });
          guest.disconnect(kB);
          guest.connect(kC, guest.number_of(kB));
          rank.forget_failures();
        } else {
          guest.connect(kA);
        }
        guest.talk(kA + kC - me, 2);
        rank.barrier();
        EXPECT_TRUE(rank.failures().empty());
      },
      kB);
}

}  // namespace
}  // namespace weft::contract
