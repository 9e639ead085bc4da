// Ranks that meet over different transports: rules make several hosts of this one.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "algorithms/registry.h"
#include "support/collectives.h"
#include "support/ranks.h"

namespace weft::testing {
namespace {

constexpr Collective kData[] = {Collective::all_reduce, Collective::reduce_scatter,
                                Collective::all_gather, Collective::broadcast, Collective::reduce};

// 2 and 3 ranks that map each other's memory inside, but not across.
constexpr int kRanks = 5;
constexpr const char* kTwoHosts = "0-1:2-4=ucx,*=shm";

Options two_hosts() {
  Options options;
  options.routes = kTwoHosts;
  return options;
}

void run_sizes(Communicator& comm, Collective collective, bool in_place) {
  for (const std::size_t count : {1, 15, 1000, 20011, 300007}) {
    Case c{collective, DataType::f32, ReduceOp::sum, static_cast<int>(count) % comm.size(), count};
    run_case(comm, c, {Manner::Form::blocking, in_place, false});
  }
}

TEST(Routes, EveryCollectiveWorksWhereTransportsAreMixed) {
  const int status = run_processes(kRanks, two_hosts(), [](Communicator& comm) {
    for (const Collective collective : kData) {
      run_sizes(comm, collective, false);
      run_sizes(comm, collective, true);
    }
    for (int i = 0; i < 50; ++i) comm.barrier();
  });
  EXPECT_EQ(status, 0);
}

TEST(Routes, EveryHierarchicalAlgorithmGivesTheReference) {
  const int status = run_processes(kRanks, two_hosts(), [](Communicator& comm) {
    for (const algorithms::Algorithm& algorithm : algorithms::all()) {
      if (!algorithm.hierarchical) continue;
      for (const int lanes : {1, 2}) {
        comm.prefer(algorithm.collective,
                    {.algorithm = std::string(algorithm.name), .lanes = lanes});
        if (algorithm.collective == Collective::barrier) {
          for (int i = 0; i < 50; ++i) comm.barrier();
          continue;
        }
        run_sizes(comm, algorithm.collective, false);
        run_sizes(comm, algorithm.collective, true);
      }
      comm.prefer(algorithm.collective, {});
    }
  });
  EXPECT_EQ(status, 0);
}

TEST(Routes, ARankTellsOverWhatItReachesTheOthers) {
  const int status = run_processes(kRanks, two_hosts(), [](Communicator& comm) {
    const bool first_host = comm.rank() < 2;
    const std::string expected = first_host ? "shm: 0-1; ucx: 2-4" : "shm: 2-4; ucx: 0-1";
    require(comm.routes() == expected, comm.routes());
  });
  EXPECT_EQ(status, 0);
}

TEST(Routes, APlanTellsWhichAlgorithmIsPreferred) {
  const int status = run_processes(kRanks, two_hosts(), [](Communicator& comm) {
    std::vector<float> data(1000, 1.0f);
    const auto describe = [&] {
      return comm.plan_all_reduce(data.data(), data.data(), 1000, DataType::f32, ReduceOp::sum)
          .describe(1000);
    };
    comm.prefer(Collective::all_reduce, {.algorithm = "leader_one_shot", .lanes = 2});
    require(describe().starts_with("leader_one_shot, bulk, 2 lanes"), describe());
    comm.prefer(Collective::all_reduce, {.algorithm = "ring", .lanes = 1});
    require(describe().starts_with("ring, bulk, 1 lane"), describe());
  });
  EXPECT_EQ(status, 0);
}

// A segment has packets for one lane: those of a second one would lie where the next call's do.
TEST(Prefer, PacketsKeepToOneLaneAndApartFromTheCallsInBetween) {
  constexpr std::size_t kCount = 256;
  const int status = run_processes(3, {}, [](Communicator& comm) {
    comm.prefer(Collective::all_reduce,
                {.algorithm = "one_shot", .protocol = Protocol::packet, .lanes = 2});
    std::vector<float> in(kCount), out(kCount);
    const auto plan =
        comm.plan_all_reduce(in.data(), out.data(), kCount, DataType::f32, ReduceOp::sum);
    require(plan.describe(kCount).starts_with("one_shot, packet, 1 lane,"), plan.describe(kCount));
    for (int round = 0; round < 500; ++round) {
      std::fill(in.begin(), in.end(), static_cast<float>(round));
      comm.all_reduce(in.data(), out.data(), kCount, DataType::f32, ReduceOp::sum);
      const auto expected = static_cast<float>(3 * round);
      require(std::ranges::count(out, expected) == kCount, fmt::format("round {}", round));
      for (int i = 0; i < round % 4; ++i) comm.barrier();
    }
  });
  EXPECT_EQ(status, 0);
}

TEST(Prefer, RefusesWhatCannotBe) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    expect_error(ErrorCode::invalid_argument, "no algorithm 'rings'",
                 [&] { comm.prefer(Collective::all_reduce, {.algorithm = "rings"}); });
    expect_error(ErrorCode::invalid_argument, "3 lanes",
                 [&] { comm.prefer(Collective::all_reduce, {.algorithm = {}, .lanes = 3}); });
    comm.prefer(Collective::all_reduce, {.algorithm = "split_rail_ring"});
    float value = 1;
    expect_error(ErrorCode::unsupported, "equally far from each other",
                 [&] { comm.all_reduce(&value, &value, 1, DataType::f32, ReduceOp::sum); });
    comm.prefer(Collective::all_reduce, {});
    comm.all_reduce(&value, &value, 1, DataType::f32, ReduceOp::sum);
    require(value == 2, "the sum is wrong");
  });
  EXPECT_EQ(status, 0);
}

TEST(Routes, ARuleThatLeavesAPairWithoutAWayIsAnErrorThatNamesIt) {
  Options options;
  options.routes = "0:1=verbs,*=shm";
  const int status = run_processes(2, options, [](const Options& mine) {
    expect_error(ErrorCode::unsupported, "cannot reach rank", [&] { Communicator::create(mine); });
  });
  EXPECT_EQ(status, 0);
}

TEST(Options, AnAlgorithmThatNoCollectiveHasIsRefused) {
  Options options;
  options.algorithm = "rings";
  expect_error(ErrorCode::invalid_argument, "no collective has an algorithm 'rings'",
               [&] { Communicator::create(options); });
}

TEST(Routes, DifferentRulesAtTwoRanksAreAMismatch) {
  const int status = run_processes(2, {}, [](const Options& given) {
    Options mine = given;
    if (given.bootstrap->rank() == 1) mine.routes = "*=shm";
    expect_error(ErrorCode::mismatch, "WEFT_ROUTES differs", [&] { Communicator::create(mine); });
  });
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace weft::testing
