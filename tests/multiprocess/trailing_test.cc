// Small calls from and to roots, between which ranks run ahead of each other, in any order with all
// other calls, at ranks that are late now and then.
#include <gtest/gtest.h>

#include <chrono>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

#include "communicator/impl.h"
#include "numbered_calls.h"
#include "support/ranks.h"

namespace weft::testing {
namespace {

// A rank's buffers, and what it does with them.
class Program {
 public:
  explicit Program(Communicator& comm) : comm_(comm) {}

  void run(const NumberedCall& call) {
    const std::size_t room = room_of(call, comm_.size());
    input_.resize(room);
    output_.resize(room);
    fill(call, comm_.rank(), comm_.size(), input_.data(), output_.data());
    testing::run(comm_, call, input_.data(), output_.data());
    check(call, comm_.rank(), comm_.size(), output_.data());
  }

 private:
  Communicator& comm_;
  std::vector<std::int64_t> input_, output_;
};

// The same at every rank: rows of one call, and any other calls between them.
class Turns {
 public:
  Turns(unsigned seed, int ranks) : random_(seed), ranks_(static_cast<unsigned>(ranks)) {}

  const NumberedCall& next() {
    ++now_.number;
    if (left_ > 0 && --left_ > 0) return now_;
    constexpr std::size_t kCounts[] = {1, 1, 1, 3, 7, 8, 20, 60, 200, 3000, 40000};
    now_.collective = collective();
    now_.root = static_cast<int>(below(ranks_));
    now_.count = kCounts[below(below(2) == 0 ? 5 : std::size(kCounts))];
    left_ = below(3) == 0 ? below(60) : below(3);
    return now_;
  }

 private:
  // Mostly what trails.
  Collective collective() {
    constexpr Collective kAll[] = {Collective::broadcast, Collective::reduce,
                                   Collective::all_reduce, Collective::all_gather,
                                   Collective::barrier};
    return kAll[below(below(2) == 0 ? 2 : std::size(kAll))];
  }
  unsigned below(std::size_t end) { return static_cast<unsigned>(random_() % end); }

  std::mt19937 random_;
  const unsigned ranks_;
  NumberedCall now_;
  unsigned left_ = 0;
};

class Trailing : public ::testing::TestWithParam<int> {};

void run_turns(Communicator& comm, unsigned seed, int turns, bool late) {
  Turns calls(seed, comm.size());
  Program program(comm);
  std::mt19937 random(seed + 77 * static_cast<unsigned>(comm.rank()));
  for (int turn = 0; turn < turns; ++turn) {
    if (late && random() % 50 == 0)
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 300));
    program.run(calls.next());
  }
  comm.barrier();
}

TEST_P(Trailing, NothingIsReadTooEarlyOrWrittenOver) {
  for (const bool late : {false, true}) {
    const int status = run_processes(GetParam(), {}, [late](Communicator& comm) {
      for (const unsigned seed : {1U, 2U, 3U}) run_turns(comm, seed, late ? 300 : 600, late);
    });
    EXPECT_EQ(status, 0);
  }
}

TEST_P(Trailing, CommunicatorsTrailApart) {
  const int status = run_processes(GetParam(), {}, [](Communicator& comm) {
    std::vector<int> all(static_cast<std::size_t>(comm.size()));
    std::iota(all.begin(), all.end(), 0);
    Communicator other =
        Communicator::Impl::face_of(Communicator::Impl::behind(comm).make_child(all));
    Program here(comm), there(other);
    Turns calls(5, comm.size());
    for (int turn = 0; turn < 600; ++turn) {
      (turn % 3 == 0 ? there : here).run(calls.next());
    }
  });
  EXPECT_EQ(status, 0);
}

// A root need not wait for ranks that come late, and is not let go too far ahead.
TEST(Trailing, ARootGoesAheadAndNotTooFar) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    using Clock = std::chrono::steady_clock;
    std::int64_t value = 0;
    // A row begins behind a call that all take part in.
    comm.broadcast(&value, &value, 1, DataType::i64, 0);
    if (comm.rank() == 0) {
      for (value = 0; value < 15; ++value) comm.broadcast(&value, &value, 1, DataType::i64, 0);
    }
    // Rank 1 begins when rank 0 has ended fifteen calls, which it tells by a message.
    if (comm.rank() == 0) {
      comm.send(&value, sizeof(value), 1, 0);
    } else {
      comm.recv(&value, sizeof(value), 0, 0);
      for (std::int64_t i = 0; i < 15; ++i) {
        comm.broadcast(&value, &value, 1, DataType::i64, 0);
        require(value == i, "broadcast " + std::to_string(i) + " brings " + std::to_string(value));
      }
    }
    const auto late = std::chrono::milliseconds(200);
    comm.barrier();
    const auto start = Clock::now();
    if (comm.rank() == 1) std::this_thread::sleep_for(late);
    for (int i = 0; i < 40; ++i) comm.broadcast(&value, &value, 1, DataType::i64, 0);
    if (comm.rank() == 0) require(Clock::now() - start >= late / 2, "the root went too far ahead");
  });
  EXPECT_EQ(status, 0);
}

INSTANTIATE_TEST_SUITE_P(Ranks, Trailing, ::testing::Values(2, 3, 4, 5));

}  // namespace
}  // namespace weft::testing
