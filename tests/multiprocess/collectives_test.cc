// Every collective, type and operator between real processes, against the reference.
#include <gtest/gtest.h>

#include "algorithms/registry.h"
#include "support/collectives.h"
#include "support/ranks.h"

namespace weft::testing {
namespace {

constexpr Collective kData[] = {Collective::all_reduce, Collective::reduce_scatter,
                                Collective::all_gather, Collective::broadcast, Collective::reduce};

bool reduces(Collective collective) {
  return collective != Collective::all_gather && collective != Collective::broadcast;
}

// All types and operators of a collective at one count.
void run_types(Communicator& comm, Collective collective, std::size_t count, const Manner& manner) {
  for (int type = 0; type < kDataTypes; ++type) {
    for (int op = 0; op < (reduces(collective) ? kReduceOps : 1); ++op) {
      Case c{collective, static_cast<DataType>(type), static_cast<ReduceOp>(op), 0, count};
      c.root = (type + op) % comm.size();
      run_case(comm, c, manner);
    }
  }
}

// Sizes around every border: lines, packets, protocols, slots.
void run_sizes(Communicator& comm, Collective collective, const Manner& manner) {
  for (const std::size_t count :
       {1, 2, 3, 13, 14, 15, 16, 17, 100, 1000, 1023, 2049, 5000, 20011, 300007}) {
    Case c{collective, DataType::f32, ReduceOp::sum, static_cast<int>(count) % comm.size(), count};
    run_case(comm, c, manner);
  }
}

class Processes : public ::testing::TestWithParam<int> {};

TEST_P(Processes, EveryTypeAndOperatorGivesTheReference) {
  const int status = run_processes(GetParam(), {}, [](Communicator& comm) {
    for (const Collective collective : kData) {
      run_types(comm, collective, 37, {});
      run_types(comm, collective, 10007, {.in_place = true});
    }
  });
  EXPECT_EQ(status, 0);
}

TEST_P(Processes, EverySizeInEveryMannerGivesTheReference) {
  const int status = run_processes(GetParam(), {}, [](Communicator& comm) {
    for (const Collective collective : kData) {
      for (const auto form : {Manner::Form::blocking, Manner::Form::async, Manner::Form::plan}) {
        for (const bool in_place : {false, true}) {
          run_sizes(comm, collective, {form, in_place, false});
          run_sizes(comm, collective, {form, in_place, true});
        }
      }
    }
    for (int i = 0; i < 100; ++i) comm.barrier();
  });
  EXPECT_EQ(status, 0);
}

TEST_P(Processes, EveryAlgorithmAndProtocolGivesTheReference) {
  for (const algorithms::Algorithm& algorithm : algorithms::all()) {
    if (!algorithms::supports(algorithm, GetParam()) || algorithm.hierarchical ||
        algorithm.collective == Collective::barrier)
      continue;
    for (const Protocol protocol : {Protocol::packet, Protocol::bulk}) {
      Options options;
      options.algorithm = std::string(algorithm.name);
      options.protocol = protocol;
      const int status = run_processes(GetParam(), options, [&](Communicator& comm) {
        for (const bool in_place : {false, true}) {
          run_sizes(comm, algorithm.collective,
                    {Manner::Form::blocking, in_place, algorithm.direct});
        }
      });
      EXPECT_EQ(status, 0) << algorithm.name << " " << name_of(algorithm.collective);
    }
  }
}

TEST_P(Processes, AllReduceGivesTheSameBitsAtEveryRank) {
  const int status = run_processes(GetParam(), {}, [](Communicator& comm) {
    for (const std::size_t count : {3, 1000, 50000}) {
      std::vector<float> input(count), output(count),
          all(count * static_cast<std::size_t>(comm.size()));
      for (std::size_t i = 0; i < count; ++i) {
        input[i] = 1.0f / static_cast<float>(3 + i + 7919 * static_cast<std::size_t>(comm.rank()));
      }
      comm.all_reduce(input.data(), output.data(), count, DataType::f32, ReduceOp::sum);
      comm.all_gather(output.data(), all.data(), count, DataType::f32);
      for (int rank = 0; rank < comm.size(); ++rank) {
        require(std::memcmp(&all[static_cast<std::size_t>(rank) * count], output.data(),
                            count * 4) == 0,
                "results differ between ranks");
      }
    }
  });
  EXPECT_EQ(status, 0);
}

INSTANTIATE_TEST_SUITE_P(Ranks, Processes, ::testing::Values(1, 2, 3, 4, 8));

}  // namespace
}  // namespace weft::testing
