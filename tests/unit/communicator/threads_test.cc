// Ranks as threads of one process: the same shared-memory protocol, visible to the thread
// sanitizer.
#include <gtest/gtest.h>

#include "support/collectives.h"
#include "support/ranks.h"

namespace weft::testing {
namespace {

constexpr Collective kData[] = {Collective::all_reduce, Collective::reduce_scatter,
                                Collective::all_gather, Collective::broadcast, Collective::reduce};

void run_cases(Communicator& comm, const Manner& manner) {
  for (const Collective collective : kData) {
    for (const std::size_t count : {1, 14, 100, 3000, 40'000, 300'000}) {
      Case c{collective, DataType::f32, ReduceOp::sum, comm.size() - 1, count};
      run_case(comm, c, manner);
    }
  }
}

class Threads : public ::testing::TestWithParam<int> {};

TEST_P(Threads, EveryCollectiveGivesTheReference) {
  run_threads(GetParam(), {}, [](Communicator& comm) {
    run_cases(comm, {Manner::Form::blocking, false, false});
    run_cases(comm, {Manner::Form::plan, true, false});
  });
}

TEST_P(Threads, AllocatedBuffersAreReadAndWrittenInPlace) {
  run_threads(GetParam(), {}, [](Communicator& comm) {
    run_cases(comm, {Manner::Form::blocking, false, true});
    run_cases(comm, {Manner::Form::async, false, true});
    run_cases(comm, {Manner::Form::plan, false, true});
  });
}

TEST_P(Threads, ManySmallCallsOfDifferentKindsFollowEachOther) {
  run_threads(GetParam(), {}, [](Communicator& comm) {
    std::vector<std::int32_t> data(64), all(64 * static_cast<std::size_t>(comm.size()));
    for (int round = 0; round < 300; ++round) {
      std::fill(data.begin(), data.end(), 1);
      comm.all_reduce(data.data(), data.data(), 64, DataType::i32, ReduceOp::sum);
      require(data[63] == comm.size(), "wrong sum");
      comm.broadcast(data.data(), data.data(), 5, DataType::i32, round % comm.size());
      comm.reduce(data.data(), data.data(), 7, DataType::i32, ReduceOp::max,
                  (round + 1) % comm.size());
      comm.all_gather(data.data(), all.data(), 64, DataType::i32);
      require(all.back() == comm.size(), "wrong gather");
      comm.barrier();
    }
  });
}

TEST_P(Threads, SmallCallsInARowTrail) {
  run_threads(GetParam(), {}, [](Communicator& comm) {
    const int root = comm.size() - 1;
    for (std::int64_t round = 0; round < 200; ++round) {
      std::int64_t value = comm.rank() == root ? round : -1;
      comm.broadcast(&value, &value, 1, DataType::i64, root);
      require(value == round, "broadcast " + std::to_string(round) + " brings another value");
    }
    for (std::int64_t round = 0; round < 200; ++round) {
      std::int64_t value = round;
      comm.reduce(&value, &value, 1, DataType::i64, ReduceOp::sum, root);
      require(comm.rank() != root || value == comm.size() * round, "another sum");
    }
  });
}

TEST_P(Threads, RanksThatSleepAreWoken) {
  Options options;
  options.wait_policy = WaitPolicy::block;
  run_threads(GetParam(), options, [](Communicator& comm) {
    for (int round = 0; round < 200; ++round) comm.barrier();
  });
}

INSTANTIATE_TEST_SUITE_P(Ranks, Threads, ::testing::Values(2, 3, 5));

// A transport without load and store: every byte goes through puts.
TEST(OverPuts, EveryCollectiveGivesTheReference) {
  Options options;
  options.transports = "sim";
  run_threads(3, options, [](Communicator& comm) {
    run_cases(comm, {Manner::Form::blocking, false, false});
    run_cases(comm, {Manner::Form::plan, true, false});
    for (int round = 0; round < 50; ++round) comm.barrier();
  });
}

}  // namespace
}  // namespace weft::testing
