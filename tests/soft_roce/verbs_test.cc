// Over real queue pairs, in a machine of tests/soft_roce: every algorithm against the reference,
// and memory that does not grow.
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "algorithms/registry.h"
#include "base/config.h"
#include "bootstrap/bootstrap.h"
#include "support/collectives.h"
#include "support/ranks.h"

namespace weft::testing {
namespace {

// Small scratch, so that the largest size takes several passes.
Options over_verbs() {
  Options options;
  options.transports = "verbs";
  options.shared_bytes = 512 << 10;
  return options;
}

void run_algorithm(Communicator& comm, const algorithms::Algorithm& algorithm) {
  if (algorithm.collective == Collective::barrier) {
    for (int i = 0; i < 5; ++i) comm.barrier();
    return;
  }
  for (const std::size_t count : {1, 1023, 20011}) {
    const Case c{algorithm.collective, DataType::f32, ReduceOp::sum,
                 static_cast<int>(count) % comm.size(), count};
    run_case(comm, c, {});
    run_case(comm, c, {Manner::Form::plan, true, false});
  }
}

class Verbs : public ::testing::TestWithParam<int> {};

// One process per rank for all of them, since starting one takes longest.
TEST_P(Verbs, EveryAlgorithmGivesTheReference) {
  int expected = 0;
  for (const algorithms::Algorithm& algorithm : algorithms::all()) {
    expected += !algorithm.direct && algorithms::supports(algorithm, GetParam()) ? 1 : 0;
  }
  ASSERT_GE(expected, 15);
  const int status = run_processes(GetParam(), over_verbs(), [&](const Options& start) {
    Options options = start;
    options.bootstrap = bootstrap::make(resolve(start));
    int run = 0;
    for (const algorithms::Algorithm& algorithm : algorithms::all()) {
      // Direct ones need memory that is mapped.
      if (algorithm.direct || !algorithms::supports(algorithm, GetParam())) continue;
      options.algorithm = std::string(algorithm.name);
      Communicator comm = Communicator::create(options);
      run_algorithm(comm, algorithm);
      ++run;
    }
    require(run == expected, "algorithms were left out");
  });
  EXPECT_EQ(status, 0);
  std::printf("%d algorithms with %d ranks\n", expected, GetParam());
}

INSTANTIATE_TEST_SUITE_P(Ranks, Verbs, ::testing::Values(2, 3, 4, 8),
                         ::testing::PrintToStringParamName());

std::size_t resident_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stoul(line.substr(6));
  }
  throw std::runtime_error("no VmRSS in /proc/self/status");
}

void mixed_calls(Communicator& comm, int first, int count) {
  for (int i = first; i < first + count; ++i) {
    const std::size_t elements = i % 50 == 0 ? 40000 : static_cast<std::size_t>(1 + i % 300);
    Case c{i % 3 == 0 ? Collective::broadcast : Collective::all_reduce, DataType::f32,
           ReduceOp::sum, i % comm.size(), elements};
    run_case(comm, c, {});
  }
}

TEST(VerbsMemory, TenThousandCollectivesDoNotGrow) {
  const int status = run_processes(2, over_verbs(), [](Communicator& comm) {
    mixed_calls(comm, 0, 1000);
    const std::size_t before = resident_kib();
    mixed_calls(comm, 1000, 9000);
    const std::size_t after = resident_kib();
    require(after <= before + 512, "resident memory grew from " + std::to_string(before) + " to " +
                                       std::to_string(after) + " KiB");
  });
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace weft::testing
