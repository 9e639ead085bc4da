// Windows: puts, gets, signals and counters between real processes.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "support/ranks.h"

namespace weft::testing {
namespace {

using namespace std::chrono_literals;

TEST(Window, PutsAreThereOnceTheirSignalIs) {
  const int status = run_processes(3, {}, [](Communicator& comm) {
    constexpr std::size_t kPart = 5000;
    Window window = comm.open_window(3 * kPart + 64);
    const std::size_t words = 3 * kPart / 8 * 8;
    const auto* own = static_cast<const std::uint8_t*>(window.data());
    for (std::uint64_t round = 1; round <= 200; ++round) {
      const std::size_t bytes = round * 24 % kPart;
      const std::vector<std::uint8_t> data(bytes, static_cast<std::uint8_t>(round + comm.rank()));
      for (int peer = 0; peer < 3; ++peer) {
        if (peer == comm.rank()) continue;
        window.put_signal(peer, static_cast<std::size_t>(comm.rank()) * kPart, data.data(), bytes,
                          words + static_cast<std::size_t>(comm.rank()) * 8, round);
      }
      for (int peer = 0; peer < 3; ++peer) {
        if (peer == comm.rank()) continue;
        window.wait_at_least(words + static_cast<std::size_t>(peer) * 8, round, peer);
        const std::uint8_t* part = own + static_cast<std::size_t>(peer) * kPart;
        for (std::size_t i = 0; i < bytes; ++i)
          require(part[i] == static_cast<std::uint8_t>(round + peer), "not there yet");
      }
      window.flush();
      comm.barrier();
    }
  });
  EXPECT_EQ(status, 0);
}

TEST(Window, CountersTakeWhatAllRanksAdd) {
  const int status = run_processes(4, {}, [](Communicator& comm) {
    Window window = comm.open_window(64);
    constexpr std::uint64_t kEach = 5000;
    for (std::uint64_t i = 0; i < kEach; ++i) window.signal(0, 8, 2, Signal::add);
    if (comm.rank() == 0) {
      require(window.wait_at_least(8, 8 * kEach) == 8 * kEach, "lost a signal");
      window.reset(8);
      require(window.value(8) == 0, "not reset");
    }
    comm.barrier();
  });
  EXPECT_EQ(status, 0);
}

// Who closes first keeps the memory until the others have closed too: nothing they do meanwhile
// ends a connection.
TEST(Window, OneRankMayCloseWhileOthersStillWrite) {
  const int status = run_processes(3, {}, [](Communicator& comm) {
    constexpr std::size_t kBytes = std::size_t{1} << 20;
    for (int round = 0; round < 3; ++round) {
      {
        Window window = comm.open_window(kBytes);
        char closed = 1;
        if (comm.rank() > 0) {
          comm.recv(&closed, 1, 0);
          const std::vector<char> data(kBytes, 'x');
          window.put(0, 0, data.data(), data.size());
          window.flush();
          std::vector<char> got(kBytes);
          window.get(0, 0, got.data(), got.size());
          window.flush();
          require(got == data, "the memory is gone");
        } else {
          window = {};
          for (int peer = 1; peer < comm.size(); ++peer) comm.send(&closed, 1, peer);
        }
      }
      std::int32_t one = 1, sum = 0;
      comm.all_reduce(&one, &sum, 1, DataType::i32, ReduceOp::sum);
      require(sum == 3, "wrong sum");
    }
  });
  EXPECT_EQ(status, 0);
}

TEST(Window, GetsReadWhatIsThere) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    const std::size_t mine = comm.rank() == 0 ? 1 << 20 : 300;
    Window window = comm.open_window(mine);
    std::memset(window.data(), comm.rank() + 1, mine);
    comm.barrier();
    const int other = 1 - comm.rank();
    std::vector<std::uint8_t> got(window.bytes(other));
    window.get(other, 0, got.data(), got.size());
    window.flush();
    for (const std::uint8_t byte : got) require(byte == other + 1, "wrong bytes");
    comm.barrier();
  });
  EXPECT_EQ(status, 0);
}

TEST(Window, RangesOutsideAreRefusedBeforeAnythingIsWritten) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    Window window = comm.open_window(comm.rank() == 0 ? 100 : 4096);
    std::vector<std::uint8_t> data(8192, 0xFF);
    const auto refused = [&](const std::string& part, const std::function<void()>& call) {
      expect_error(ErrorCode::invalid_argument, part, call);
    };
    refused("outside of rank 0's 100 bytes", [&] { window.put(0, 0, data.data(), 101); });
    refused("outside", [&] { window.put(1, 4096, data.data(), 1); });
    refused("outside", [&] { window.put(1, ~std::size_t{0}, data.data(), 2); });
    refused("outside", [&] { window.get(0, 50, data.data(), 51); });
    refused("outside", [&] { window.put_signal(0, 0, data.data(), 8, 96, 1); });
    refused("no multiple of 8", [&] { window.signal(1, 12, 1); });
    refused("rank 2 of 2", [&] { window.signal(2, 0, 1); });
    refused("empty", [] { Window().flush(); });
    comm.barrier();
    const auto* own = static_cast<const std::uint8_t*>(window.data());
    for (std::size_t i = 0; i < window.bytes(); ++i) require(own[i] == 0, "something was written");
    expect_error(ErrorCode::timeout, "wait_at_least", [&] { window.wait_at_least(0, 1, -1, 5ms); });
    comm.barrier();
  });
  EXPECT_EQ(status, 0);
}

TEST(Window, AnEndedRankIsAnError) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    Window window = comm.open_window(64);
    if (comm.rank() == 1) {
      window.signal(0, 0, 1);
      _exit(0);
    }
    usleep(100'000);
    window.wait_at_least(0, 1, 1);
    expect_error(ErrorCode::peer_failed, "rank 1", [&] { window.wait_at_least(0, 2); });
    expect_error(ErrorCode::peer_failed, "rank 1", [&] { window.signal(1, 0, 1); });
  });
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace weft::testing
