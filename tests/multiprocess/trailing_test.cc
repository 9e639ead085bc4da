// Small calls from and to roots, between which ranks run ahead of each other, in any order with all
// other calls, at ranks that are late now and then. Every value differs from call to call, so that
// what was read too early or written over is seen.
#include <gtest/gtest.h>

#include <chrono>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

#include "communicator/impl.h"
#include "support/ranks.h"

namespace weft::testing {
namespace {

// One call of a program that all ranks run alike.
struct Turn {
  unsigned kind = 0;
  int root = 0;
  std::size_t count = 0;  // of int64
};

std::int64_t value_of(int turn, int rank, std::size_t i) {
  return std::int64_t{1000003} * turn + 101 * rank + static_cast<std::int64_t>(i);
}

class Program {
 public:
  explicit Program(Communicator& comm) : comm_(comm) {}

  void run(int turn, const Turn& call) {
    const std::size_t all = call.count * static_cast<std::size_t>(comm_.size());
    input_.resize(call.count);
    output_.assign(all, -1);
    for (std::size_t i = 0; i < call.count; ++i) input_[i] = value_of(turn, comm_.rank(), i);
    switch (call.kind) {
      case 0:
        comm_.broadcast(input_.data(), output_.data(), call.count, DataType::i64, call.root);
        return expect(call, 0, [&](std::size_t i) { return value_of(turn, call.root, i); });
      case 1:
        comm_.reduce(input_.data(), output_.data(), call.count, DataType::i64, ReduceOp::sum,
                     call.root);
        if (comm_.rank() != call.root) return;
        return expect(call, 0, [&](std::size_t i) { return sum_of(turn, i); });
      case 2:
        comm_.all_reduce(input_.data(), output_.data(), call.count, DataType::i64, ReduceOp::sum);
        return expect(call, 0, [&](std::size_t i) { return sum_of(turn, i); });
      case 3:
        comm_.all_gather(input_.data(), output_.data(), call.count, DataType::i64);
        for (int rank = 0; rank < comm_.size(); ++rank) {
          expect(call, call.count * static_cast<std::size_t>(rank),
                 [&](std::size_t i) { return value_of(turn, rank, i); });
        }
        return;
      default:
        comm_.barrier();
    }
  }

 private:
  std::int64_t sum_of(int turn, std::size_t i) const {
    std::int64_t sum = 0;
    for (int rank = 0; rank < comm_.size(); ++rank) sum += value_of(turn, rank, i);
    return sum;
  }
  template <typename Value>
  void expect(const Turn& call, std::size_t from, const Value& value) const {
    for (std::size_t i = 0; i < call.count; ++i) {
      require(output_[from + i] == value(i), "kind " + std::to_string(call.kind) + ", element " +
                                                 std::to_string(i) + " of " +
                                                 std::to_string(call.count));
    }
  }

  Communicator& comm_;
  std::vector<std::int64_t> input_, output_;
};

// The same at every rank: rows of one call, and any other calls between them.
class Turns {
 public:
  Turns(unsigned seed, int ranks) : random_(seed), ranks_(static_cast<unsigned>(ranks)) {}

  const Turn& next() {
    if (left_ > 0 && --left_ > 0) return now_;
    constexpr std::size_t kCounts[] = {1, 1, 1, 3, 7, 8, 20, 60, 200, 3000, 40000};
    now_.kind = kind();
    now_.root = static_cast<int>(below(ranks_));
    now_.count = kCounts[below(below(2) == 0 ? 5 : std::size(kCounts))];
    left_ = below(3) == 0 ? below(60) : below(3);
    return now_;
  }

 private:
  // Mostly what trails.
  unsigned kind() { return below(below(2) == 0 ? 2 : 5); }
  unsigned below(std::size_t end) { return static_cast<unsigned>(random_() % end); }

  std::mt19937 random_;
  const unsigned ranks_;
  Turn now_;
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
    program.run(turn, calls.next());
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
      const Turn& call = calls.next();
      (turn % 3 == 0 ? there : here).run(turn, call);
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
