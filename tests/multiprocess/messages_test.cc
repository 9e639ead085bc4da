// send and recv between real processes: order, tags, sizes of every way that messages travel, what
// is too long, what nobody asked for, and ranks that end.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <random>
#include <vector>

#include "support/ranks.h"

namespace weft::testing {
namespace {

using namespace std::chrono_literals;

// What a message of that number holds.
std::vector<std::uint8_t> pattern(std::size_t bytes, unsigned number) {
  std::vector<std::uint8_t> data(bytes);
  for (std::size_t i = 0; i < bytes; ++i)
    data[i] = static_cast<std::uint8_t>(i * 7 + number * 31 + (i >> 8));
  return data;
}

void require_usable(Communicator& comm) {
  const int mine = comm.rank(), other = 1 - comm.rank();
  int got = -1;
  comm.sendrecv(&mine, sizeof(mine), other, 0, &got, sizeof(got), other, 0);
  require(got == other, "not usable afterwards");
}

// In a slot, through the area, in pieces; and around each border.
const std::vector<std::size_t> kSizes = {0,     1,     8,       47,      48,      49,     64,
                                         1000,  4096,  16383,   16384,   16385,   32768,  65536,
                                         65537, 99999, 1 << 18, 1 << 20, 5000001, 9 << 20};

TEST(Messages, OfEverySizeArriveWhole) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    unsigned number = 0;
    for (const std::size_t bytes : kSizes) {
      for (int round = 0; round < 3; ++round) {
        const auto expected = pattern(bytes, ++number);
        std::vector<std::uint8_t> got(bytes + 1, 0xEE);
        if (comm.rank() == 0) {
          comm.send(expected.data(), bytes, 1, 5);
          const Received back = comm.recv(got.data(), bytes, 1, 6);
          require(back.bytes == bytes && back.source == 1 && back.tag == 6, "wrong envelope");
        } else {
          const Received received = comm.recv(got.data(), bytes, 0, 5);
          require(received.bytes == bytes && received.source == 0 && received.tag == 5,
                  "wrong envelope");
          comm.send(got.data(), bytes, 0, 6);
        }
        require(got.back() == 0xEE, "wrote past the message");
        got.pop_back();
        require(got == expected, "wrong bytes, size " + std::to_string(bytes));
      }
    }
  });
  EXPECT_EQ(status, 0);
}

// Every pair of private and allocated buffers takes another way.
TEST(Messages, BetweenPrivateAndAllocatedBuffers) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    constexpr std::size_t kBytes = (3 << 20) + 5;
    Buffer allocated = comm.allocate(kBytes);
    std::vector<std::uint8_t> plain(kBytes);
    unsigned number = 0;
    for (const bool from_allocated : {false, true}) {
      for (const bool to_allocated : {false, true}) {
        for (const std::size_t bytes : {std::size_t{40000}, kBytes}) {
          const auto expected = pattern(bytes, ++number);
          auto* from = from_allocated ? allocated.as<std::uint8_t>() : plain.data();
          auto* to = to_allocated ? allocated.as<std::uint8_t>() : plain.data();
          if (comm.rank() == 0) {
            std::memcpy(from, expected.data(), bytes);
            comm.send(from, bytes, 1);
          } else {
            comm.recv(to, kBytes, 0);
            require(std::memcmp(to, expected.data(), bytes) == 0, "wrong bytes");
          }
          comm.barrier();
        }
      }
    }
  });
  EXPECT_EQ(status, 0);
}

TEST(Messages, OfOnePairAreMatchedInTheOrderTheyWereSent) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    constexpr int kMessages = 2000;
    std::mt19937 random(11);
    std::vector<std::size_t> sizes;
    for (int i = 0; i < kMessages; ++i) {
      const unsigned kind = random() % 16;
      sizes.push_back(kind == 0  ? 16384 + random() % 60000
                      : kind < 4 ? random() % 9000
                                 : random() % 64);
    }
    for (int i = 0; i < kMessages; ++i) {
      const std::size_t bytes = sizes[static_cast<std::size_t>(i)];
      if (comm.rank() == 0) {
        const auto data = pattern(bytes, static_cast<unsigned>(i));
        comm.send(data.data(), bytes, 1, i % 3);
      } else {
        std::vector<std::uint8_t> got(80000);
        const Received received = comm.recv(got.data(), got.size(), 0, kAnyTag);
        got.resize(received.bytes);
        require(received.tag == i % 3 && got == pattern(bytes, static_cast<unsigned>(i)),
                "message " + std::to_string(i) + " out of order");
      }
    }
  });
  EXPECT_EQ(status, 0);
}

TEST(Messages, TagsChooseAmongThoseThatWait) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    constexpr std::size_t kLarge = 100000;
    if (comm.rank() == 0) {
      const auto large = pattern(kLarge, 1);
      Request first = comm.send_async(large.data(), kLarge, 1, 1);
      for (int tag = 2; tag < 6; ++tag) comm.send(&tag, sizeof(tag), 1, tag);
      first.wait();
    } else {
      for (int tag = 5; tag >= 2; --tag) {
        int value = 0;
        comm.recv(&value, sizeof(value), 0, tag);
        require(value == tag, "wrong tag's message");
      }
      std::vector<std::uint8_t> got(kLarge);
      comm.recv(got.data(), kLarge, kAnySource, 1);
      require(got == pattern(kLarge, 1), "wrong large message");
    }
  });
  EXPECT_EQ(status, 0);
}

TEST(Messages, AnySourceHearsEverybody) {
  const int status = run_processes(4, {}, [](Communicator& comm) {
    constexpr int kEach = 50;
    if (comm.rank() == 0) {
      std::vector<int> next(4);
      for (int i = 0; i < 3 * kEach; ++i) {
        std::vector<std::uint8_t> got(40000);
        const Received received = comm.recv(got.data(), got.size());
        int number = 0;
        std::memcpy(&number, got.data(), sizeof(number));
        require(number == next[static_cast<std::size_t>(received.source)]++, "out of order");
        require(received.bytes == (number % 5 == 0 ? 40000u : 4u), "wrong length");
      }
    } else {
      std::vector<std::uint8_t> data(40000);
      for (int i = 0; i < kEach; ++i) {
        std::memcpy(data.data(), &i, sizeof(i));
        comm.send(data.data(), i % 5 == 0 ? data.size() : sizeof(i), 0, comm.rank());
      }
    }
  });
  EXPECT_EQ(status, 0);
}

TEST(Messages, ManyAtOnceInBothDirections) {
  const int status = run_processes(3, {}, [](Communicator& comm) {
    constexpr int kMessages = 60;
    std::vector<std::vector<std::uint8_t>> in, out;
    std::vector<Request> requests;
    for (int peer = 0; peer < 3; ++peer) {
      if (peer == comm.rank()) continue;
      for (int i = 0; i < kMessages; ++i) {
        const std::size_t bytes = static_cast<std::size_t>(i) * 1777;
        in.emplace_back(bytes);
        out.push_back(pattern(bytes, static_cast<unsigned>(i + comm.rank())));
        requests.push_back(comm.recv_async(in.back().data(), bytes, peer, i));
        requests.push_back(comm.send_async(out.back().data(), bytes, peer, i));
      }
    }
    // A collective in between moves them on as well.
    comm.barrier();
    for (Request& request : requests) request.wait();
    std::size_t at = 0;
    for (int peer = 0; peer < 3; ++peer) {
      if (peer == comm.rank()) continue;
      for (int i = 0; i < kMessages; ++i, ++at)
        require(in[at] == pattern(in[at].size(), static_cast<unsigned>(i + peer)), "wrong bytes");
    }
  });
  EXPECT_EQ(status, 0);
}

TEST(Messages, SendrecvExchangesLargeOnes) {
  const int status = run_processes(3, {}, [](Communicator& comm) {
    const int right = (comm.rank() + 1) % 3, left = (comm.rank() + 2) % 3;
    for (const std::size_t bytes : {std::size_t{8}, std::size_t{300000}}) {
      const auto mine = pattern(bytes, static_cast<unsigned>(comm.rank()));
      std::vector<std::uint8_t> got(bytes);
      const Received received =
          comm.sendrecv(mine.data(), bytes, right, 3, got.data(), bytes, left, 3);
      require(received.source == left && got == pattern(bytes, static_cast<unsigned>(left)),
              "wrong neighbour");
    }
  });
  EXPECT_EQ(status, 0);
}

TEST(Messages, ProbeTellsWhatWaits) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    std::vector<std::uint8_t> data(70000);
    if (comm.rank() == 0) {
      require(!comm.probe(1, 9).has_value(), "found what was never sent");
      comm.send(data.data(), 10, 1, 4);
      Request large = comm.send_async(data.data(), data.size(), 1, 5);
      large.wait();
    } else {
      std::optional<Received> found;
      while (!(found = comm.probe(kAnySource, 5))) {
      }
      require(found->bytes == data.size() && found->source == 0, "wrong length of a large one");
      found = comm.probe();
      require(found && found->tag == 4 && found->bytes == 10, "not the first");
      comm.recv(data.data(), data.size(), 0, 5);
      comm.recv(data.data(), data.size(), 0, 4);
      require(!comm.probe().has_value(), "still there");
    }
  });
  EXPECT_EQ(status, 0);
}

TEST(Messages, LongerThanTheBufferAreAnErrorAndWriteNothing) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    for (const std::size_t bytes : {std::size_t{20}, std::size_t{5000}, std::size_t{200000}}) {
      std::vector<std::uint8_t> data(bytes, 1);
      if (comm.rank() == 0) {
        // A small message has left before anybody looks at its length.
        if (bytes < 20000) {
          comm.send(data.data(), bytes, 1, 2);
        } else {
          expect_error(ErrorCode::mismatch, "shorter buffer",
                       [&] { comm.send(data.data(), bytes, 1, 2); });
        }
      } else {
        std::vector<std::uint8_t> got(bytes, 9);
        expect_error(ErrorCode::mismatch, std::to_string(bytes) + " bytes from rank 0 over ",
                     [&] { comm.recv(got.data(), bytes - 1, 0, 2); });
        require(got == std::vector<std::uint8_t>(bytes, 9), "wrote something");
      }
    }
    // Neither side is worse off.
    require_usable(comm);
  });
  EXPECT_EQ(status, 0);
}

// A sender of what nobody asks for waits; nothing is dropped.
TEST(Messages, ThatNobodyAskedForAreBoundedAndNotDropped) {
  Options options;
  options.unexpected_bytes = 64 << 10;
  options.timeout = 20s;
  const int status = run_processes(2, options, [](Communicator& comm) {
    constexpr int kMessages = 3000;
    std::vector<std::uint8_t> data(1000);
    if (comm.rank() == 0) {
      for (int i = 0; i < kMessages; ++i) {
        std::memcpy(data.data(), &i, sizeof(i));
        comm.send(data.data(), data.size(), 1, 1);
      }
      comm.send(data.data(), 1, 1, 2);
    } else {
      expect_error(ErrorCode::timeout, "that nobody received", [&] {
        Request never = comm.recv_async(data.data(), data.size(), 0, 2);
        never.wait(50ms);
      });
      for (int i = 0; i < kMessages; ++i) {
        comm.recv(data.data(), data.size(), 0, 1);
        int number = -1;
        std::memcpy(&number, data.data(), sizeof(number));
        require(number == i, "lost or out of order");
      }
      comm.recv(data.data(), data.size(), 0, 2);
    }
  });
  EXPECT_EQ(status, 0);
}

// A wait that timed out may be repeated; what was sent before is there, and nothing hangs after it.
TEST(Messages, AReceiverThatNeverAsksHoldsTheSenderBackUntilItsTimeOut) {
  Options options;
  options.unexpected_bytes = 64 << 10;
  const int status = run_processes(2, options, [](Communicator& comm) {
    std::vector<std::uint8_t> data(1000);
    int messages = 0;
    if (comm.rank() == 0) {
      Request request;
      expect_error(ErrorCode::timeout, "for rank 1 over", [&] {
        for (;;) {
          std::memcpy(data.data(), &messages, sizeof(messages));
          request = comm.send_async(data.data(), data.size(), 1, 1);
          ++messages;
          request.wait(200ms);
        }
      });
      require(messages > 64, "held back too early");
      comm.barrier();
      request.wait();
      comm.send(&messages, sizeof(messages), 1, 2);
    } else {
      comm.barrier();
      for (Received received;; ++messages) {
        received = comm.recv(data.data(), data.size(), 0);
        int number = -1;
        std::memcpy(&number, data.data(), sizeof(number));
        require(number == messages, "lost or out of order");
        if (received.tag == 2) break;
      }
    }
    require_usable(comm);
  });
  EXPECT_EQ(status, 0);
}

TEST(Messages, ATimeOutNamesTheRankAndLeavesTheCommunicatorUsable) {
  Options options;
  options.timeout = 1s;
  const int status = run_processes(2, options, [](Communicator& comm) {
    std::vector<std::uint8_t> data(100000);
    if (comm.rank() == 0) {
      expect_error(ErrorCode::timeout, "for rank 1 over", [&] { comm.recv(data.data(), 8, 1, 3); });
      expect_error(ErrorCode::timeout, "tag 4", [&] { comm.send(data.data(), data.size(), 1, 4); });
      comm.send(nullptr, 0, 1, 9);
    } else {
      while (!comm.probe(0, 9)) {
      }
      comm.recv(data.data(), 0, 0, 9);
      // The message whose sender gave up cannot come.
      expect_error(ErrorCode::peer_failed, "given up",
                   [&] { comm.recv(data.data(), data.size(), 0, 4); });
    }
    require_usable(comm);
    comm.barrier();
  });
  EXPECT_EQ(status, 0);
}

TEST(Messages, AKilledRankIsAnErrorForWhoWaitsForIt) {
  const int status = run_processes(3, {}, [](Communicator& comm) {
    std::vector<std::uint8_t> data(1 << 20);
    comm.barrier();
    if (comm.rank() == 2) {
      comm.send(data.data(), 100, 0, 1);
      _exit(0);
    }
    if (comm.rank() == 0) {
      comm.recv(data.data(), 100, 2, 1);  // what it sent before its end counts
      expect_error(ErrorCode::peer_failed, "rank 2", [&] { comm.recv(data.data(), 8, 2, 1); });
      expect_error(ErrorCode::peer_failed, "rank 2",
                   [&] { comm.send(data.data(), data.size(), 2, 1); });
      comm.send(data.data(), data.size(), 1, 7);
    } else {
      Request request = comm.recv_async(data.data(), data.size(), 2);
      while (true) {
        try {
          require(!request.test(), "received from a rank that sends nothing");
        } catch (const Error& error) {
          require(error.code() == ErrorCode::peer_failed, error.what());
          break;
        }
      }
      comm.recv(data.data(), data.size(), 0, 7);  // the others go on
    }
  });
  EXPECT_EQ(status, 0);
}

TEST(Messages, WrongArgumentsAreRefused) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    int value = 0;
    const int other = 1 - comm.rank();
    const auto refused = [&](const std::string& part, const std::function<void()>& call) {
      expect_error(ErrorCode::invalid_argument, part, call);
    };
    refused("rank 2 of 2", [&] { comm.send(&value, 4, 2); });
    refused("this rank itself", [&] { comm.recv(&value, 4, comm.rank()); });
    refused("rank -1", [&] { comm.send(&value, 4, kAnySource); });
    refused("tag -1", [&] { comm.send(&value, 4, other, kAnyTag); });
    refused("tag -5", [&] { comm.recv(&value, 4, other, -5); });
    refused("tag 1073741824", [&] { comm.send(&value, 4, other, 1 << 30); });
    refused("null buffer", [&] { comm.send(nullptr, 4, other); });
  });
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace weft::testing
