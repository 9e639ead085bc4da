// Ranks that call different things hear of it, and both sides are named.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "support/ranks.h"

namespace weft::testing {
namespace {

struct Difference {
  const char* name;
  void (*call)(Communicator&, float*, bool odd);
};

void PrintTo(const Difference& difference, std::ostream* out) { *out << difference.name; }

constexpr Difference kDifferences[] = {
    {"Count", [](Communicator& c, float* d,
                 bool odd) { c.all_reduce(d, d, odd ? 8 : 9, DataType::f32, ReduceOp::sum); }},
    {"LargeCount",
     [](Communicator& c, float* d, bool odd) {
       c.all_reduce(d, d, odd ? 80000 : 90000, DataType::f32, ReduceOp::sum);
     }},
    {"Type",
     [](Communicator& c, float* d, bool odd) {
       c.all_reduce(d, d, 8, odd ? DataType::f32 : DataType::i32, ReduceOp::sum);
     }},
    {"Op",
     [](Communicator& c, float* d, bool odd) {
       c.all_reduce(d, d, 8, DataType::f32, odd ? ReduceOp::min : ReduceOp::sum);
     }},
    {"Root",
     [](Communicator& c, float* d, bool odd) { c.broadcast(d, d, 8, DataType::f32, odd ? 0 : 1); }},
    {"Collective",
     [](Communicator& c, float* d, bool odd) {
       odd ? c.all_reduce(d, d, 8, DataType::f32, ReduceOp::sum)
           : c.broadcast(d, d, 8, DataType::f32, 0);
     }},
    {"Plan", [](Communicator& c, float* d,
                bool odd) { c.plan_all_reduce(d, d, odd ? 8 : 9, DataType::f32, ReduceOp::sum); }},
    {"PlanAndCall",
     [](Communicator& c, float* d, bool odd) {
       if (odd) {
         c.plan_all_reduce(d, d, 8, DataType::f32, ReduceOp::sum);
       } else {
         c.all_reduce(d, d, 8, DataType::f32, ReduceOp::sum);
       }
     }},
};

class Mismatch : public ::testing::TestWithParam<Difference> {};

TEST_P(Mismatch, IsAnErrorAtEveryRankAndNamesBothSides) {
  Options options;
  options.timeout = std::chrono::seconds(10);
  const int status = run_processes(2, options, [](Communicator& comm) {
    std::vector<float> data(100000, 1.0f);
    comm.barrier();
    try {
      GetParam().call(comm, data.data(), comm.rank() == 1);
    } catch (const Error& error) {
      const std::string what = error.what();
      // A rank hears of it itself, or from the other that gave up first.
      require(error.code() == ErrorCode::mismatch || error.code() == ErrorCode::peer_failed, what);
      if (error.code() == ErrorCode::mismatch) {
        require(
            what.find("rank 0") != std::string::npos && what.find("rank 1") != std::string::npos,
            what);
      }
      return;
    }
    throw std::runtime_error("no error");
  });
  EXPECT_EQ(status, 0);
}

INSTANTIATE_TEST_SUITE_P(Calls, Mismatch, ::testing::ValuesIn(kDifferences),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(Mismatch, OfAPlanLeavesTheCommunicatorUsable) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    std::vector<float> data(16, 1.0f);
    expect_error(ErrorCode::mismatch, "rank 1", [&] {
      comm.plan_all_reduce(data.data(), data.data(), comm.rank() == 0 ? 8 : 9, DataType::f32,
                           ReduceOp::sum);
    });
    comm.all_reduce(data.data(), data.data(), 8, DataType::f32, ReduceOp::sum);
    require(data[7] == 2.0f && data[8] == 1.0f, "wrong after a mismatch");
  });
  EXPECT_EQ(status, 0);
}

// Whoever calls something else in buffers that peers map learns so as the ranks meet.
TEST(Mismatch, OfAllocatedBuffersIsToldAtEveryRankAndLeavesTheCommunicatorUsable) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    constexpr std::size_t kMost = 60'000;
    const Buffer buffer = comm.allocate(kMost * sizeof(float));
    auto* data = static_cast<float*>(buffer.data());
    for (const int late : {0, 1}) {
      comm.barrier();
      if (comm.rank() == late) usleep(20'000);
      const std::size_t count = comm.rank() == 0 ? kMost : kMost - 10'000;
      expect_error(ErrorCode::mismatch, "50000 elements",
                   [&] { comm.all_reduce(data, data, count, DataType::f32, ReduceOp::sum); });
      std::fill(data, data + kMost, 1.0f);
      comm.all_reduce(data, data, kMost, DataType::f32, ReduceOp::sum);
      require(std::count(data, data + kMost, 2.0f) == std::ptrdiff_t(kMost), "wrong sums");
    }
  });
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace weft::testing
