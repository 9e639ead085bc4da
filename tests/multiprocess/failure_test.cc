// Ranks that die, never arrive or stop: the others get an error that names them, in time, and
// nothing stays behind.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "support/ranks.h"

namespace weft::testing {
namespace {

using namespace std::chrono_literals;

std::set<std::string> segments_in_dev_shm() {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm")) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("weft.")) names.insert(name);
  }
  return names;
}

// All-reduces until an error comes; the victim kills itself on the way.
void run_until_killed(Communicator& comm, int victim, std::size_t count) {
  std::vector<float> data(count, 1.0f);
  for (int round = 0; round < 1'000'000; ++round) {
    if (comm.rank() == victim && round == 5) kill(getpid(), SIGKILL);
    comm.all_reduce(data.data(), data.data(), count, DataType::f32, ReduceOp::max);
  }
}

class Killed : public ::testing::TestWithParam<std::tuple<int, std::size_t, const char*>> {};

TEST_P(Killed, ARankIsNoticedByTheOthersLongBeforeTheDeadline) {
  const auto [ranks, count, backing] = GetParam();
  setenv("WEFT_SHM_BACKING", backing, 1);
  const std::set<std::string> before = segments_in_dev_shm();  // other jobs of this machine
  Options options;
  options.timeout = 60s;
  const int status = run_processes(ranks, options, [&, victim = ranks - 1](Communicator& comm) {
    try {
      run_until_killed(comm, victim, count);
    } catch (const Error& error) {
      require(error.code() == ErrorCode::peer_failed, error.what());
      require(std::string(error.what()).find("rank " + std::to_string(victim)) != std::string::npos,
              error.what());
      expect_error(ErrorCode::poisoned, "failed before", [&] { comm.barrier(); });
      return;
    }
    throw std::runtime_error("no error");
  });
  unsetenv("WEFT_SHM_BACKING");
  EXPECT_EQ(status, 128 + SIGKILL) << "only the victim fails";
  for (const std::string& name : segments_in_dev_shm()) {
    EXPECT_TRUE(before.contains(name)) << name << " stayed behind";
  }
}

INSTANTIATE_TEST_SUITE_P(Ranks, Killed,
                         ::testing::Combine(::testing::Values(2, 4),
                                            ::testing::Values(2, 20'000, 2'000'000),
                                            ::testing::Values("memfd", "posix")));

TEST(Deadline, NamesWhoDidNotComeAndWhatItDoes) {
  Options options;
  options.timeout = 300ms;
  const int status = run_processes(2, options, [](Communicator& comm) {
    std::vector<float> data(8);
    comm.barrier();
    if (comm.rank() == 1) {
      usleep(1'000'000);
      return;
    }
    expect_error(ErrorCode::timeout, "rank 1 over shm, whose last call is #2 barrier", [&] {
      comm.all_reduce(data.data(), data.data(), 8, DataType::f32, ReduceOp::sum);
    });
  });
  EXPECT_EQ(status, 0);
}

TEST(Deadline, OfAPlanCountsFromItsWait) {
  Options options;
  options.timeout = 60s;
  const int status = run_processes(2, options, [](Communicator& comm) {
    std::vector<float> data(8);
    Plan plan = comm.plan_all_reduce(data.data(), data.data(), 8, DataType::f32, ReduceOp::sum);
    if (comm.rank() == 1) {
      usleep(500'000);
      return;
    }
    plan.start();
    expect_error(ErrorCode::timeout, "all_reduce f32 sum, 8 elements", [&] { plan.wait(100ms); });
  });
  EXPECT_EQ(status, 0);
}

TEST(Stopped, ARankThatSleepsIsWaitedForAndWakesTheOthers) {
  for (const WaitPolicy policy : {WaitPolicy::spin, WaitPolicy::yield, WaitPolicy::block}) {
    Options options;
    options.wait_policy = policy;
    const int status = run_processes(2, options, [](Communicator& comm) {
      std::vector<float> data(8, 1.0f);
      for (int round = 0; round < 20; ++round) {
        if (comm.rank() == round % 2) usleep(10'000);
        comm.all_reduce(data.data(), data.data(), 8, DataType::f32, ReduceOp::max);
      }
    });
    EXPECT_EQ(status, 0);
  }
}

TEST(Missing, ARankThatNeverStartsIsNamed) {
  Options options;
  options.timeout = 300ms;
  const int status = run_processes(
      3, options, OptionsBody([](const Options& mine) {
        if (mine.bootstrap->rank() == 2) {
          usleep(800'000);
          return;
        }
        try {
          Communicator::create(mine);
        } catch (const Error& error) {
          const bool expected =
              error.code() == ErrorCode::timeout || error.code() == ErrorCode::bootstrap;
          require(expected, error.what());
          if (mine.bootstrap->rank() == 0) {
            require(std::string(error.what()).find("2") != std::string::npos, error.what());
          }
          return;
        }
        throw std::runtime_error("no error");
      }));
  EXPECT_EQ(status, 0);
}

// A rank ends its communicator and lives on.
TEST(Left, ARankThatHasLeftIsNotWaitedFor) {
  Options options;
  options.timeout = 60s;
  const int status = run_processes(
      2, options, OptionsBody([](const Options& mine) {
        auto comm = std::make_unique<Communicator>(Communicator::create(mine));
        comm->barrier();
        const int rank = comm->rank();
        if (rank == 0) {
          comm.reset();
        } else {
          float value = 1;
          expect_error(ErrorCode::peer_failed, "rank 0",
                       [&] { comm->all_reduce(&value, &value, 1, DataType::f32, ReduceOp::sum); });
          expect_error(ErrorCode::peer_failed, "has left",
                       [&] { comm->send(&value, sizeof(value), 0); });
          expect_error(ErrorCode::peer_failed, "has left",
                       [&] { comm->recv(&value, sizeof(value), 0); });
        }
        mine.bootstrap->all_gather({}, 60s);  // it lives on until then
      }));
  EXPECT_EQ(status, 0);
}

TEST(Left, WhatItHadSentBeforeArrives) {
  const int status = run_processes(2, {}, OptionsBody([](const Options& mine) {
                                     auto comm =
                                         std::make_unique<Communicator>(Communicator::create(mine));
                                     int value = 7;
                                     if (comm->rank() == 0) {
                                       comm->send(&value, sizeof(value), 1);
                                       comm.reset();
                                     }
                                     mine.bootstrap->all_gather({}, 60s);
                                     if (comm == nullptr) return;
                                     value = 0;
                                     comm->recv(&value, sizeof(value), 0);
                                     require(value == 7, "another message");
                                   }));
  EXPECT_EQ(status, 0);
}

TEST(Forked, AChildThatUsesItsParentsCommunicatorGetsAnError) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    float value = 1;
    Plan plan = comm.plan_all_reduce(&value, &value, 1, DataType::f32, ReduceOp::sum);
    Window window = comm.open_window(64);
    const pid_t child = fork();
    if (child == 0) {
      try {
        const auto refused = [](const std::function<void()>& call) {
          expect_error(ErrorCode::unsupported, "forked", call);
        };
        refused([&] { comm.barrier(); });
        refused([&] { comm.send(&value, sizeof(value), 1 - comm.rank()); });
        refused([&] { comm.recv(&value, sizeof(value), 1 - comm.rank()); });
        refused([&] { plan.start(); });
        refused([&] { window.put(1 - comm.rank(), 0, &value, sizeof(value)); });
        refused([&] { comm.allocate(64); });
      } catch (const std::exception& error) {
        fprintf(stderr, "%s\n", error.what());
        _exit(1);
      }
      _exit(0);
    }
    int ended = -1;
    require(waitpid(child, &ended, 0) == child && ended == 0, "the child was not refused");
    plan.start();
    plan.wait();
    require(value == 2, "the parent goes on");
  });
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace weft::testing
