// Channels between real processes.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "support/ranks.h"

namespace weft::testing {
namespace {

using namespace std::chrono_literals;

TEST(Channel, CarriesSlotsInOrderAndInPlace) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    for (const std::size_t slot_bytes : {8, 48, 49, 1000, 65536}) {
      Channel channel = comm.open_channel(1 - comm.rank(), {.slot_bytes = slot_bytes, .slots = 5});
      require(channel.peer() == 1 - comm.rank() && channel.slot_bytes() == slot_bytes, "options");
      constexpr std::uint32_t kMessages = 3000;
      for (std::uint32_t i = 0; i < kMessages; ++i) {
        const std::size_t bytes = i % slot_bytes + 1;
        if (comm.rank() == 0) {
          void* slot = channel.acquire();
          require(slot == channel.acquire(), "another slot before commit()");
          require(reinterpret_cast<std::uintptr_t>(slot) % (slot_bytes > 48 ? 64 : 16) == 0,
                  "not aligned");
          std::memset(slot, static_cast<int>(i), bytes);
          channel.commit(bytes, i);
        } else {
          const Channel::Slot slot = channel.receive();
          const auto* data = static_cast<const std::uint8_t*>(slot.data);
          require(slot.label == i && slot.bytes == bytes, "out of order");
          require(data[0] == std::uint8_t(i) && data[bytes - 1] == std::uint8_t(i), "wrong bytes");
          channel.release();
        }
      }
    }
  });
  EXPECT_EQ(status, 0);
}

TEST(Channel, LetsBothSidesHoldAsManySlotsAsThereAre) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    constexpr int kSlots = 6;
    Channel channel = comm.open_channel(1 - comm.rank(), {.slot_bytes = 64, .slots = kSlots});
    for (int lap = 0; lap < 20; ++lap) {
      // Both send all they may before either receives.
      for (int i = 0; i < kSlots; ++i) {
        std::memcpy(channel.acquire(), &i, sizeof(i));
        channel.commit(sizeof(i));
      }
      const std::string other = "for rank " + std::to_string(1 - comm.rank());
      expect_error(ErrorCode::timeout, "Channel::acquire: waited", [&] { channel.acquire(1ms); });
      expect_error(ErrorCode::timeout, other, [&] { channel.acquire(0ms); });
      require(channel.try_acquire() == nullptr, "a slot too many");
      comm.barrier();
      std::vector<Channel::Slot> held;
      for (int i = 0; i < kSlots; ++i) held.push_back(channel.receive());
      expect_error(ErrorCode::invalid_argument, "are held", [&] { channel.receive(); });
      for (int i = 0; i < kSlots; ++i) {
        int value = -1;
        std::memcpy(&value, held[static_cast<std::size_t>(i)].data, sizeof(value));
        require(value == i, "a held slot changed");
        channel.release();
      }
      expect_error(ErrorCode::invalid_argument, "no slot is held", [&] { channel.release(); });
      require(channel.try_receive().data == nullptr, "a message too many");
      comm.barrier();
    }
  });
  EXPECT_EQ(status, 0);
}

// Whoever waits long enough to sleep must not lose what wakes it.
TEST(Channel, LosesNothingBetweenWaitingAndSleeping) {
  Options options;
  options.wait_policy = WaitPolicy::block;
  options.timeout = 20s;
  const int status = run_processes(2, options, [](Communicator& comm) {
    Channel channel = comm.open_channel(1 - comm.rank(), {.slot_bytes = 48, .slots = 2});
    for (std::uint32_t i = 0; i < 20000; ++i) {
      if (comm.rank() == 0) {
        channel.acquire();
        channel.commit(1, i);
      }
      require(channel.receive().label == i, "lost");
      channel.release();
      if (comm.rank() == 1) {
        channel.acquire();
        channel.commit(1, i);
      }
    }
  });
  EXPECT_EQ(status, 0);
}

TEST(Channel, SeveralOpenInTheOrderOfTheCalls) {
  const int status = run_processes(3, {}, [](Communicator& comm) {
    std::vector<Channel> channels;
    for (int other = 0; other < 3; ++other) {
      if (other == comm.rank()) continue;
      channels.push_back(comm.open_channel(other, {.slot_bytes = 16}));
      channels.push_back(comm.open_channel(other, {.slot_bytes = 16}));
    }
    for (std::uint32_t i = 0; i < 4; ++i) {
      std::memcpy(channels[i].acquire(), &i, sizeof(i));
      channels[i].commit(4, i % 2);
    }
    for (std::uint32_t i = 0; i < 4; ++i) {
      require(channels[i].receive().label == i % 2, "crossed");
      channels[i].release();
    }
    comm.barrier();
  });
  EXPECT_EQ(status, 0);
}

TEST(Channel, EndsThatDoNotFitAreRefusedAtBoth) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    const std::size_t bytes = comm.rank() == 0 ? 64 : 128;
    expect_error(ErrorCode::mismatch, "slots of",
                 [&] { comm.open_channel(1 - comm.rank(), {.slot_bytes = bytes}); });
    expect_error(ErrorCode::invalid_argument, "0 slots",
                 [&] { comm.open_channel(1 - comm.rank(), {.slots = 0}); });
    expect_error(ErrorCode::invalid_argument, "rank 7 of 2", [&] { comm.open_channel(7); });
    expect_error(ErrorCode::invalid_argument, "empty", [] { Channel().commit(1); });
    Channel channel = comm.open_channel(1 - comm.rank(), {.slot_bytes = 64});
    expect_error(ErrorCode::invalid_argument, "no slot is acquired", [&] { channel.commit(1); });
    channel.acquire();
    expect_error(ErrorCode::invalid_argument, "65 bytes in a slot of 64",
                 [&] { channel.commit(65); });
    comm.barrier();
  });
  EXPECT_EQ(status, 0);
}

TEST(Channel, AnEndedRankIsAnErrorAfterItsLastSlot) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    Channel channel = comm.open_channel(1 - comm.rank(), {.slot_bytes = 64, .slots = 2});
    if (comm.rank() == 1) {
      channel.acquire();
      channel.commit(5, 77);
      _exit(0);
    }
    usleep(100'000);
    require(channel.receive().label == 77, "lost the last slot");
    expect_error(ErrorCode::peer_failed, "rank 1", [&] { channel.receive(); });
    expect_error(ErrorCode::peer_failed, "rank 1", [&] {
      while (true) channel.try_receive();
    });
  });
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace weft::testing
