// Shared memory: how much, what happens when there is too little, and that nothing stays behind.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "memory/segment_layout.h"
#include "support/ranks.h"

namespace weft::testing {
namespace {

TEST(Memory, OfEightRanksIsAtMostEightMebibytesEach) {
  EXPECT_LE(memory::make_segment_layout(8, std::size_t{4} << 20).total, std::size_t{8} << 20);
}

TEST(Memory, TooFewBytesAreRefusedWithTheLeastThatDo) {
  Options options;
  options.shared_bytes = 4096;
  const int status =
      run_processes(2, options, OptionsBody([](const Options& mine) {
                      expect_error(ErrorCode::invalid_argument, "WEFT_SHARED_BYTES of at least",
                                   [&] { Communicator::create(mine); });
                    }));
  EXPECT_EQ(status, 0);
}

TEST(Memory, WorksWithTheLeastThatDoes) {
  Options options;
  options.shared_bytes = std::size_t{1} << 20;
  const int status = run_processes(4, options, [](Communicator& comm) {
    std::vector<float> data(1'000'000, 1.0f);
    comm.all_reduce(data.data(), data.data(), data.size(), DataType::f32, ReduceOp::sum);
    require(data.front() == 4.0f && data.back() == 4.0f, "wrong sum");
  });
  EXPECT_EQ(status, 0);
}

TEST(Memory, DifferentSizesAtTwoRanksAreRefused) {
  const int status = run_processes(
      2, {}, OptionsBody([](const Options& mine) {
        Options options = mine;
        options.shared_bytes = static_cast<std::size_t>(4 + 4 * mine.bootstrap->rank()) << 20;
        expect_error(ErrorCode::mismatch, "WEFT_SHARED_BYTES differs",
                     [&] { Communicator::create(options); });
      }));
  EXPECT_EQ(status, 0);
}

// In a mount namespace of its own, so that the machine's /dev/shm stays as it is.
bool make_small_dev_shm() {
  return unshare(CLONE_NEWNS) == 0 &&
         mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         mount("tmpfs", "/dev/shm", "tmpfs", 0, "size=1m") == 0;
}

// Runs ranks in a process whose /dev/shm is small; the exit status of run_processes().
int run_with_small_dev_shm(int ranks, const OptionsBody& body) {
  const pid_t child = fork();
  if (child == 0) _exit(make_small_dev_shm() ? run_processes(ranks, {}, body) : 99);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

TEST(Memory, ATooSmallDevShmIsNamedWithWhatToDo) {
  const int status = run_with_small_dev_shm(2, [](const Options& mine) {
    setenv("WEFT_SHM_BACKING", "posix", 1);
    expect_error(ErrorCode::no_resources, "asked for, /dev/shm has ",
                 [&] { Communicator::create(mine); });
    // The other rank may just be at the same place.
    mine.bootstrap->all_gather({}, std::chrono::seconds(10));
    require(std::filesystem::is_empty("/dev/shm"), "a segment stayed behind");
  });
  EXPECT_EQ(status, 0);
}

TEST(Memory, ASmallDevShmDoesNotMatterByDefault) {
  const int status =
      run_with_small_dev_shm(2, [](const Options& mine) { Communicator::create(mine).barrier(); });
  EXPECT_EQ(status, 0);
}

TEST(Memory, RanksThatDoNotShareDevShmAreTwoHosts) {
  const int status = run_processes(2, {}, OptionsBody([](const Options& mine) {
                                     require(make_small_dev_shm(), "this test needs root");
                                     expect_error(ErrorCode::unsupported, "another /dev/shm",
                                                  [&] { Communicator::create(mine); });
                                   }));
  EXPECT_EQ(status, 0);
}

TEST(Memory, SegmentsOfKilledProcessesAreRemovedByTheNextOne) {
  // As a process of that identity has named it.
  const std::string name = "/dev/shm/weft." + std::string(32, '7') + ".0";
  std::ofstream(name) << "left behind";
  setenv("WEFT_SHM_BACKING", "posix", 1);
  EXPECT_EQ(run_processes(2, {}, [](Communicator& comm) { comm.barrier(); }), 0);
  unsetenv("WEFT_SHM_BACKING");
  EXPECT_FALSE(std::filesystem::exists(name));
}

TEST(Memory, AllocationsComeAndGo) {
  const int status = run_processes(3, {}, [](Communicator& comm) {
    for (int round = 0; round < 30; ++round) {
      // Different sizes, freed in a different order at each rank.
      Buffer a = comm.allocate(std::size_t{100'000} + static_cast<std::size_t>(comm.rank()) * 5000);
      Buffer b = comm.allocate(100'000);
      auto* in = a.as<std::int32_t>();
      for (int i = 0; i < 20'000; ++i) in[i] = i + comm.rank();
      if (comm.rank() == 1) {
        std::vector<std::int32_t> out(20'000);  // one rank's private memory: staged everywhere
        comm.all_reduce(in, out.data(), 20'000, DataType::i32, ReduceOp::sum);
        require(out[19'999] == 3 * 19'999 + 3, "wrong staged sum");
      } else {
        comm.all_reduce(in, b.as<std::int32_t>(), 20'000, DataType::i32, ReduceOp::sum);
        require(b.as<std::int32_t>()[7] == 3 * 7 + 3, "wrong staged sum");
      }
      comm.all_reduce(in, b.as<std::int32_t>(), 20'000, DataType::i32, ReduceOp::max);
      require(b.as<std::int32_t>()[19'999] == 19'999 + 2, "wrong direct maximum");
      if (comm.rank() == 0) a = Buffer();
    }
  });
  EXPECT_EQ(status, 0);
}

TEST(Allocate, SizesMayDifferAndBeNothing) {
  const int status = run_processes(3, {}, [](Communicator& comm) {
    const std::size_t mine = comm.rank() == 1 ? 0 : std::size_t{64} << 10;
    const Buffer buffer = comm.allocate(mine);
    require(buffer.bytes() == mine, "another size");
    comm.barrier();
    const Buffer nothing = comm.allocate(0);
    comm.barrier();
  });
  EXPECT_EQ(status, 0);
}

TEST(Allocate, WhatFailsAtOneRankFailsAtAllAndLeavesEverythingUsable) {
  const int status = run_processes(3, {}, [](Communicator& comm) {
    constexpr std::size_t kTooMuch = std::size_t{1} << 46;
    const std::size_t wanted = comm.rank() == 1 ? kTooMuch : std::size_t{64} << 10;
    expect_error(ErrorCode::no_resources, "rank 1", [&] { comm.allocate(wanted); });
    expect_error(ErrorCode::no_resources, "rank 1", [&] { comm.open_window(wanted); });
    // Allocations are still numbered alike: calls on later ones find the right memory.
    constexpr std::size_t kCount = 20'000;
    const Buffer input = comm.allocate(kCount * sizeof(float));
    const Buffer output = comm.allocate(kCount * sizeof(float));
    auto* in = static_cast<float*>(input.data());
    auto* out = static_cast<float*>(output.data());
    std::fill(in, in + kCount, static_cast<float>(comm.rank() + 1));
    comm.all_reduce(in, out, kCount, DataType::f32, ReduceOp::sum);
    require(std::count(out, out + kCount, 6.0f) == std::ptrdiff_t(kCount), "wrong sums");
  });
  EXPECT_EQ(status, 0);
}

TEST(Allocate, MemoryMayBeFreedAtOnceWhileOthersAreSlower) {
  const int status = run_processes(3, {}, [](Communicator& comm) {
    for (int round = 0; round < 200; ++round) {
      const Buffer buffer = comm.allocate(4096);
      static_cast<char*>(buffer.data())[4095] = 1;
    }
  });
  EXPECT_EQ(status, 0);
}

TEST(Handles, MayGoInAnyOrder) {
  const int status = run_processes(2, {}, [](Communicator& outer) {
    outer.barrier();
    Buffer buffer;
    Window window;
    Channel channel;
    Plan plan;
    float value = 1;
    {
      Communicator comm = std::move(outer);
      buffer = comm.allocate(4096);
      window = comm.open_window(4096);
      channel = comm.open_channel(1 - comm.rank());
      plan = comm.plan_all_reduce(&value, &value, 1, DataType::f32, ReduceOp::sum);
    }
    plan.start();
    plan.wait();
    require(value == 2, "a plan needs no communicator beside it");
  });
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace weft::testing
