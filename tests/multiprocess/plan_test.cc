// Plans: any count up to the planned maximum, many at once, no allocation in start().
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "support/ranks.h"

namespace weft::testing {
namespace {

TEST(Plan, TakesAnyCountUpToItsMaximum) {
  for (const int ranks : {2, 3, 4}) {
    const int status = run_processes(ranks, {}, [](Communicator& comm) {
      constexpr std::size_t kMost = 200'000;
      std::vector<std::int32_t> data(kMost);
      Plan plan =
          comm.plan_all_reduce(data.data(), data.data(), kMost, DataType::i32, ReduceOp::sum);
      std::mt19937 random(7);  // the same at every rank
      for (int round = 0; round < 200; ++round) {
        const std::size_t count = std::size_t{1} << random() % 17;
        const std::size_t odd = count + random() % count;
        std::fill(data.begin(), data.end(), comm.rank() + round);
        plan.start(odd);
        plan.wait();
        const int sum = comm.size() * (comm.size() - 1) / 2 + comm.size() * round;
        require(std::all_of(data.begin(), data.begin() + static_cast<long>(odd),
                            [&](int v) { return v == sum; }),
                "wrong sum");
        require(data[odd] == comm.rank() + round, "wrote past the count");
      }
    });
    EXPECT_EQ(status, 0);
  }
}

TEST(Plan, SeveralAndRequestsRunInTheOrderTheyWereStarted) {
  const int status = run_processes(3, {}, [](Communicator& comm) {
    constexpr std::size_t kCount = 5000;
    std::vector<std::int64_t> a(kCount, 1), b(kCount), c(kCount);
    Plan first = comm.plan_all_reduce(a.data(), b.data(), kCount, DataType::i64, ReduceOp::sum);
    Plan second = comm.plan_all_reduce(b.data(), c.data(), kCount, DataType::i64, ReduceOp::sum);
    for (int round = 0; round < 50; ++round) {
      first.start();
      second.start();
      Request third =
          comm.all_reduce_async(c.data(), a.data(), kCount, DataType::i64, ReduceOp::max);
      Request fourth = comm.barrier_async();
      while (!fourth.test()) {
      }
      require(third.test() && second.test() && first.test(), "not in order");
      const std::int64_t expected = 9;
      require(c[kCount - 1] == expected && a[0] == expected, "wrong chain of sums");
      std::fill(a.begin(), a.end(), 1);
    }
  });
  EXPECT_EQ(status, 0);
}

TEST(Plan, TellsWhatRuns) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    Buffer in = comm.allocate(1 << 20), out = comm.allocate(1 << 20);
    Plan plan = comm.plan_all_reduce(in.data(), out.data(), 1 << 18, DataType::f32, ReduceOp::sum);
    require(plan.describe(2).find("packet") != std::string::npos, plan.describe(2));
    require(plan.describe(1 << 18).find("direct") != std::string::npos, plan.describe(1 << 18));
    expect_error(ErrorCode::invalid_argument, "planned for at most",
                 [&] { plan.start((1 << 18) + 1); });
    expect_error(ErrorCode::invalid_argument, "empty", [&] { Plan().start(); });
  });
  EXPECT_EQ(status, 0);
}

TEST(Plan, RefusesASecondStartBeforeTheFirstIsComplete) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    std::vector<float> data(1000);
    Plan plan = comm.plan_all_reduce(data.data(), data.data(), 1000, DataType::f32, ReduceOp::sum);
    if (comm.rank() == 0) {
      plan.start();
      if (!plan.test())
        expect_error(ErrorCode::invalid_argument, "not complete", [&] { plan.start(); });
      plan.wait();
    } else {
      plan.start();
      plan.wait();
    }
  });
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace weft::testing
