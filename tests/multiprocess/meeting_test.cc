// Calls without a plan in allocated and in private memory, at each rank in either, blocking and
// started: ranks tell each other where their buffers are as they meet.
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "numbered_calls.h"

namespace weft::testing {
namespace {

constexpr std::size_t kMostCount = 20000;

// Two allocations and private memory for the buffers of calls.
class Memory {
 public:
  explicit Memory(Communicator& comm) : private_(2 * room(comm)) {
    for (Buffer& buffer : allocated_) buffer = comm.allocate(2 * bytes(comm));
    half_ = room(comm);
  }

  // One of six places, each with room for the largest buffer; 0 to 3 are allocated.
  std::int64_t* place(unsigned number) {
    const std::size_t offset = number % 2 * half_;
    if (number >= 4) return private_.data() + offset;
    return static_cast<std::int64_t*>(allocated_[number / 2].data()) + offset;
  }

 private:
  static std::size_t room(Communicator& comm) {
    return kMostCount * static_cast<std::size_t>(comm.size());
  }
  static std::size_t bytes(Communicator& comm) { return room(comm) * sizeof(std::int64_t); }

  Buffer allocated_[2];
  std::vector<std::int64_t> private_;
  std::size_t half_ = 0;
};

// The same at every rank.
NumberedCall next(std::mt19937& random, int number, int ranks) {
  constexpr Collective kAll[] = {Collective::all_reduce, Collective::reduce_scatter,
                                 Collective::all_gather, Collective::broadcast,
                                 Collective::reduce,     Collective::barrier};
  constexpr std::size_t kCounts[] = {3, 200, 300, 1024, 5000, kMostCount};
  NumberedCall call{number, kAll[random() % std::size(kAll)], 0, 0};
  call.root = static_cast<int>(random() % static_cast<unsigned>(ranks));
  call.count = kCounts[random() % std::size(kCounts)];
  return call;
}

class Meetings : public ::testing::TestWithParam<int> {};

TEST_P(Meetings, BuffersMayBeAnywhereAtEachRank) {
  const int status = run_processes(GetParam(), {}, [](Communicator& comm) {
    Memory memory(comm);
    std::mt19937 shared(1), own(static_cast<unsigned>(2 + comm.rank()));
    NumberedCall call;
    for (int number = 0; number < 400; ++number) {
      if (number % 3 == 0) call = next(shared, number, comm.size());
      call.number = number;
      // Mostly allocated, so that calls are direct as often as not.
      const bool somewhere = shared() % 3 == 0;
      const auto below = [&own](unsigned end) { return static_cast<unsigned>(own() % end); };
      const unsigned in = below(somewhere ? 6 : 4);
      const unsigned out = (in + 1 + below(3)) % 4;
      std::int64_t* input = memory.place(in);
      std::int64_t* output = memory.place(somewhere && own() % 2 == 0 ? (in < 4 ? 5 : 0) : out);
      if (input == output) output = memory.place((in + 1) % 4);
      fill(call, comm.rank(), comm.size(), input, output);
      // Blocking at one rank and started at another: it is the same call.
      if (own() % 2 == 0) {
        run(comm, call, input, output);
      } else {
        start(comm, call, input, output).wait();
      }
      check(call, comm.rank(), comm.size(), output);
    }
  });
  EXPECT_EQ(status, 0);
}

// Several under way at once, some of which part and are staged.
TEST_P(Meetings, StartedCallsFollowEachOther) {
  const int status = run_processes(GetParam(), {}, [](Communicator& comm) {
    Memory memory(comm);
    std::mt19937 shared(7);
    for (int number = 0; number < 120; number += 2) {
      NumberedCall calls[2];
      std::vector<Request> requests;
      for (int k = 0; k < 2; ++k) {
        calls[k] = next(shared, number + k, comm.size());
        // The last rank's second call is in private memory.
        const bool is_private = k == 1 && comm.rank() + 1 == comm.size();
        const unsigned from = k == 0 ? 0U : is_private ? 4U : 2U;
        fill(calls[k], comm.rank(), comm.size(), memory.place(from), memory.place(from + 1));
        requests.push_back(start(comm, calls[k], memory.place(from), memory.place(from + 1)));
      }
      for (Request& request : requests) request.wait();
      check(calls[0], comm.rank(), comm.size(), memory.place(1));
      const bool last = comm.rank() + 1 == comm.size();
      check(calls[1], comm.rank(), comm.size(), memory.place(last ? 5 : 3));
    }
  });
  EXPECT_EQ(status, 0);
}

INSTANTIATE_TEST_SUITE_P(Ranks, Meetings, ::testing::Values(1, 2, 3, 4, 9));

}  // namespace
}  // namespace weft::testing
