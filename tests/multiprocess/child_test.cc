// Communicators over the connections of another one, in processes of their own: what fails, who
// ends first, and tokens to experts.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "moe_layer.h"
#include "support/child.h"
#include "support/ranks.h"

namespace weft::testing {
namespace {

using namespace std::chrono_literals;

void sum_of_ones(Communicator& comm, std::size_t count) {
  std::vector<float> data(count, 1);
  comm.all_reduce(data.data(), data.data(), count, DataType::f32, ReduceOp::sum);
  require(data[0] == static_cast<float>(comm.size()) && data.back() == data[0], "wrong sum");
}

void ring(Communicator& comm, std::size_t bytes) {
  const int next = (comm.rank() + 1) % comm.size();
  const int before = (comm.rank() + comm.size() - 1) % comm.size();
  const std::vector<int> mine(bytes / sizeof(int) + 1, comm.rank());
  std::vector<int> theirs(mine.size());
  comm.sendrecv(mine.data(), mine.size() * sizeof(int), next, 1, theirs.data(),
                theirs.size() * sizeof(int), before, 1);
  require(theirs[0] == before && theirs.back() == before, "another sender's bytes");
}

TEST(Child, AFailedPeerIsSeenByBoth) {
  Options options;
  options.timeout = 60s;
  const int status = run_processes(
      3, options, OptionsBody([](const Options& mine) {
        Communicator comm = Communicator::create(mine);
        // Its rank 0 is the parent's rank 2.
        Communicator child = *child_of(comm, {2, 0, 1});
        sum_of_ones(child, 100);
        if (comm.rank() == 2) kill(getpid(), SIGKILL);
        float value = 1;
        expect_error(ErrorCode::peer_failed, "rank 0", [&] { sum_of_ones(child, 1); });
        expect_error(ErrorCode::peer_failed, "rank 2", [&] { sum_of_ones(comm, 1); });
        expect_error(ErrorCode::peer_failed, "rank 0",
                     [&] { child.recv(&value, sizeof(value), 0); });
        expect_error(ErrorCode::peer_failed, "rank 2",
                     [&] { comm.recv(&value, sizeof(value), 2); });
        // The two that are left can still talk.
        value = static_cast<float>(comm.rank());
        float theirs = -1;
        child.sendrecv(&value, sizeof(value), 2 - comm.rank(), 0, &theirs, sizeof(theirs),
                       2 - comm.rank(), 0);
        require(theirs == static_cast<float>(1 - comm.rank()), "another word");
      }));
  EXPECT_EQ(status, 128 + SIGKILL) << "only the victim fails";
}

TEST(Child, ALackOfMemoryAtOneRankFailsAtAllAndTheParentGoesOn) {
  const int status = run_processes(3, {}, [](Communicator& comm) {
    std::size_t& bytes = behind(comm).config.shared_bytes;
    const std::size_t usual = bytes;
    if (comm.rank() == 1) bytes = std::size_t{1} << 46;
    expect_error(ErrorCode::no_resources, "rank 1", [&] { child_of(comm, {0, 1, 2}); });
    bytes = usual;
    sum_of_ones(comm, 100'000);
    Communicator child = duplicate_of(comm);
    sum_of_ones(child, 100'000);
  });
  EXPECT_EQ(status, 0);
}

// Each rank ends three of its communicators in an order of its own; the fourth goes on.
TEST(Child, TheyEndInAnyOrderAtEachRank) {
  for (const std::size_t kept : {0, 2}) {
    const int status =
        run_processes(3, {}, OptionsBody([kept](const Options& mine) {
                        std::vector<std::unique_ptr<Communicator>> all;
                        all.push_back(std::make_unique<Communicator>(Communicator::create(mine)));
                        for (int i = 0; i < 3; ++i)
                          all.push_back(std::make_unique<Communicator>(duplicate_of(*all.front())));
                        const auto last = std::move(all[kept]);
                        all.erase(all.begin() + static_cast<std::ptrdiff_t>(kept));
                        for (auto& comm : all) {
                          ring(*comm, 100'000);
                          sum_of_ones(*comm, 10'000);
                        }
                        for (int i = 0; i < 3; ++i) {
                          all[static_cast<std::size_t>((last->rank() + i) % 3)].reset();
                          ring(*last, 100'000);
                          sum_of_ones(*last, 10'000);
                        }
                      }));
    EXPECT_EQ(status, 0);
  }
}

TEST(Child, PeersStayReachableWhenAChildEnds) {
  const int status = run_processes(3, {}, [](Communicator& comm) {
    for (int round = 0; round < 20; ++round) {
      std::optional<Communicator> child = child_of(comm, {2, 0, 1});
      ring(*child, 3000);
      sum_of_ones(*child, 1000);
      // What it gives back may still be on its way when the first one ends.
      if (child->rank() == round % 3) child.reset();
      sum_of_ones(comm, 20'000);
      ring(comm, 50'000);
    }
  });
  EXPECT_EQ(status, 0);
}

// Whether the others notice in time that it has left or write on: what they share with it lives.
TEST(Child, OneRankMayEndItAndItsWindowWhileOthersStillWrite) {
  const int status = run_processes(3, {}, [](Communicator& comm) {
    constexpr std::size_t kBytes = std::size_t{1} << 20;
    for (int round = 0; round < 5; ++round) {
      std::optional<Communicator> child = child_of(comm, {2, 1, 0});
      Window window = child->open_window(kBytes);
      char ended = 1;
      if (comm.rank() > 0) {
        comm.recv(&ended, 1, 0);
        const std::vector<char> data(kBytes, 'x');
        try {
          window.put(2, 0, data.data(), data.size());
          window.flush();
        } catch (const Error& error) {
          require(error.code() == ErrorCode::peer_failed, error.what());
        }
      } else {
        window = {};
        child.reset();
        for (int peer = 1; peer < comm.size(); ++peer) comm.send(&ended, 1, peer);
      }
      sum_of_ones(comm, 1000);
    }
  });
  EXPECT_EQ(status, 0);
}

TEST(Child, TokensFindTheirExpertsByTheRanksOfTheChild) {
  const int status = run_processes(4, {}, [](Communicator& comm) {
    std::optional<Communicator> child = child_of(comm, {3, 0, 2});
    std::vector<float> data(50'000, 1);
    Request outstanding =
        comm.all_reduce_async(data.data(), data.data(), data.size(), DataType::f32, ReduceOp::sum);
    if (child) {
      MoeOptions options;
      options.experts = 6;
      options.top_k = 2;
      options.max_tokens = 20;
      options.hidden = 64;
      options.type = DataType::f32;
      Layer layer(*child, options);
      for (int call = 0; call < 10; ++call) layer.run(Routing::random, call);
    }
    outstanding.wait();
    require(data[0] == 4, "wrong sum");
  });
  EXPECT_EQ(status, 0);
}

TEST(Child, IsRefusedToAForkedChildOfItsProcess) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    std::optional<Communicator> child = duplicate_of(comm);
    const pid_t forked = fork();
    if (forked == 0) {
      try {
        expect_error(ErrorCode::unsupported, "forked", [&] { child->barrier(); });
        child.reset();
      } catch (...) {
        _exit(1);
      }
      _exit(0);
    }
    int ended = 1;
    waitpid(forked, &ended, 0);
    require(ended == 0, "the forked process failed");
    sum_of_ones(*child, 1000);
    sum_of_ones(comm, 1000);
  });
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace weft::testing
