#include "executor/executor.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/error.h"
#include "ranks.h"

namespace weft::executor {
namespace {

using namespace std::chrono_literals;

ErrorCode code_of(const std::function<void()>& call, std::string* what = nullptr) {
  try {
    call();
    return ErrorCode::ok;
  } catch (const Error& error) {
    if (what != nullptr) *what = error.what();
    return error.code();
  }
}

// Starts one at every rank and moves all on until all have ended.
void run(
    Ranks& ranks, std::vector<std::unique_ptr<AllReduce>>& calls,
    const std::function<void()>& between = [] {}) {
  for (int rank = 0; rank < ranks.size(); ++rank)
    ranks[rank].executor->start(&calls[static_cast<std::size_t>(rank)]->operation);
  for (bool all_done = false; !all_done;) {
    all_done = true;
    between();
    for (int rank = 0; rank < ranks.size(); ++rank) {
      Operation& operation = calls[static_cast<std::size_t>(rank)]->operation;
      all_done = ranks[rank].executor->test(&operation) && all_done;
    }
  }
}

std::vector<std::unique_ptr<AllReduce>> all_reduces(Ranks& ranks, const std::string& algorithm,
                                                    std::size_t count) {
  std::vector<std::unique_ptr<AllReduce>> calls;
  for (int rank = 0; rank < ranks.size(); ++rank)
    calls.push_back(std::make_unique<AllReduce>(ranks[rank], algorithm, count));
  return calls;
}

class Resumed : public testing::TestWithParam<const char*> {};

// Each turn has room for one put alone, so that every step with several is cut in the middle.
TEST_P(Resumed, StepsGoOnFromWhereTheyFoundNoRoom) {
  for (const std::size_t count : {1, 5000, 300'000}) {
    Ranks ranks(4);
    auto calls = all_reduces(ranks, GetParam(), count);
    int turn = 0;
    for (int rank = 0; rank < 4; ++rank) ranks[rank].faulty->leave_room_for(0);
    run(ranks, calls, [&] {
      for (int rank = 0; rank < 4; ++rank)
        ranks[rank].faulty->leave_room_for(++turn % 3 == 0 ? 1 : 0);
    });
    for (const auto& call : calls) EXPECT_TRUE(call->right(4)) << count;
  }
}

INSTANTIATE_TEST_SUITE_P(Algorithms, Resumed,
                         testing::Values("one_shot", "two_shot", "ring", "recursive_doubling",
                                         "halving_doubling"));

TEST(Executor, AWaitForRoomEndsAtItsDeadlineAndNamesTheRank) {
  Ranks ranks(2);
  auto calls = all_reduces(ranks, "one_shot", 1000);
  ranks[0].faulty->leave_room_for(0);
  ranks[0].executor->start(&calls[0]->operation);
  std::string what;
  EXPECT_EQ(code_of([&] { ranks[0].executor->wait(&calls[0]->operation, 5ms); }, &what),
            ErrorCode::timeout);
  EXPECT_NE(what.find("to take what goes to rank 1"), std::string::npos) << what;
}

// Always has something that moves, and takes its time.
struct Restless : Poller {
  explicit Restless(SetClock& time) : clock(time) { active = 1; }
  int poll() override {
    clock.now += 1000;
    if (++polls == kMost) active = 0;
    return 1;
  }
  static constexpr int kMost = 10'000'000;
  SetClock& clock;
  int polls = 0;
};

TEST(Executor, AWaitEndsAtItsDeadlineWhileOtherThingsMove) {
  Ranks ranks(2);
  Restless restless(ranks.clock);
  ranks[0].links.progress.add(&restless);
  AllReduce call(ranks[0], "ring", 10);
  ranks[0].executor->start(&call.operation);
  EXPECT_EQ(code_of([&] { ranks[0].executor->wait(&call.operation, 20ms); }), ErrorCode::timeout);
  EXPECT_LT(restless.polls, Restless::kMost);
  ranks[0].links.progress.remove(&restless);
}

TEST(Executor, AWaitForRoomSeesThatThePeerHasFailed) {
  Ranks ranks(2);
  auto calls = all_reduces(ranks, "one_shot", 1000);
  ranks[0].faulty->leave_room_for(0);
  ranks[0].executor->start(&calls[0]->operation);
  ranks[0].links.failures.peer_failed("sim", 1, "its cable is cut");
  std::string what;
  EXPECT_EQ(code_of([&] { ranks[0].executor->wait(&calls[0]->operation, 1h); }, &what),
            ErrorCode::peer_failed);
  EXPECT_NE(what.find("its cable is cut"), std::string::npos) << what;
}

TEST(Executor, AFailedPeerIsNoticedWhileOnlyPutsAreOutstanding) {
  transport::FaultRules rules;
  rules.longest_hold = std::uint64_t{1} << 40;  // what rank 0 sends does not leave
  Ranks ranks(2, rules);
  auto calls = all_reduces(ranks, "one_shot", 1000);
  ranks[1].executor->start(&calls[1]->operation);
  ranks[0].executor->start(&calls[0]->operation);
  for (int i = 0; i < 1000; ++i) {
    ranks[1].links.progress.poll();
    EXPECT_FALSE(ranks[0].executor->test(&calls[0]->operation));
  }
  ranks[0].links.failures.peer_failed("sim", 1, "its cable is cut");
  std::string what;
  EXPECT_EQ(code_of([&] { ranks[0].executor->wait(&calls[0]->operation, 1h); }, &what),
            ErrorCode::peer_failed);
  EXPECT_NE(what.find("its cable is cut"), std::string::npos) << what;
}

TEST(Executor, AfterAnErrorAllThatIsQueuedEndsAndNothingIsStarted) {
  Ranks ranks(2);
  auto calls = all_reduces(ranks, "ring", 100);
  auto more = all_reduces(ranks, "ring", 200);
  Executor& executor = *ranks[0].executor;
  executor.start(&calls[0]->operation);
  executor.start(&more[0]->operation);
  EXPECT_EQ(code_of([&] { executor.wait(&calls[0]->operation, 1ms); }), ErrorCode::timeout);
  EXPECT_FALSE(more[0]->operation.queued);
  EXPECT_EQ(code_of([&] { executor.wait(&more[0]->operation); }), ErrorCode::timeout);
  EXPECT_EQ(code_of([&] { executor.start(&calls[0]->operation); }), ErrorCode::poisoned);
  EXPECT_FALSE(calls[0]->operation.queued);
}

TEST(Executor, PeersOverANetworkHearOfAnError) {
  Ranks ranks(2);
  auto calls = all_reduces(ranks, "ring", 100);
  ranks[0].executor->start(&calls[0]->operation);
  EXPECT_EQ(code_of([&] { ranks[0].executor->wait(&calls[0]->operation, 1ms); }),
            ErrorCode::timeout);
  ranks[1].executor->start(&calls[1]->operation);
  // It may find what rank 0 had sent, but not all of it; it does not wait for an hour.
  const ErrorCode code = code_of([&] { ranks[1].executor->wait(&calls[1]->operation, 1h); });
  EXPECT_EQ(code, ErrorCode::peer_failed);
}

TEST(Executor, WhatPreparationThrowsBelongsToItsOperation) {
  Ranks ranks(2);
  auto bad = all_reduces(ranks, "ring", 100);
  auto good = all_reduces(ranks, "ring", 200);
  for (int rank : {0, 1}) {
    Operation& operation = bad[static_cast<std::size_t>(rank)]->operation;
    operation.prepare = [](Operation*, void*) { fail(ErrorCode::mismatch, "they differ"); };
    ranks[rank].executor->start(&operation);
    EXPECT_FALSE(operation.queued);
  }
  run(ranks, good);
  for (int rank : {0, 1}) {
    EXPECT_TRUE(good[static_cast<std::size_t>(rank)]->right(2));
    Operation& operation = bad[static_cast<std::size_t>(rank)]->operation;
    EXPECT_EQ(code_of([&] { ranks[rank].executor->wait(&operation); }), ErrorCode::mismatch);
    EXPECT_EQ(code_of([&] { ranks[rank].executor->test(&operation); }), ErrorCode::mismatch);
  }
}

TEST(Executor, APreparationThatFailsHereAloneEndsEverything) {
  Ranks ranks(2);
  auto calls = all_reduces(ranks, "ring", 100);
  calls[0]->operation.prepare = [](Operation*, void*) { throw std::bad_alloc(); };
  ranks[0].executor->start(&calls[0]->operation);
  EXPECT_EQ(code_of([&] { ranks[0].executor->wait(&calls[0]->operation); }),
            ErrorCode::no_resources);
  ranks[1].executor->start(&calls[1]->operation);
  std::string what;
  EXPECT_EQ(code_of([&] { ranks[1].executor->wait(&calls[1]->operation, 1h); }, &what),
            ErrorCode::peer_failed);
  EXPECT_NE(what.find("rank 0"), std::string::npos) << what;
}

TEST(Executor, AnotherWaitMovesOperationsOn) {
  Ranks ranks(2);
  auto calls = all_reduces(ranks, "ring", 5000);
  for (int rank : {0, 1})
    ranks[rank].executor->start(&calls[static_cast<std::size_t>(rank)]->operation);
  while (calls[0]->operation.queued || calls[1]->operation.queued) {
    ranks[0].links.progress.poll();
    ranks[1].links.progress.poll();
  }
  EXPECT_TRUE(calls[0]->right(2) && calls[1]->right(2));
}

// A time-out leaves nothing behind that a late completion could hit.
TEST(Executor, CompletionsMayComeAfterTheirOperationIsGone) {
  Ranks ranks(2);
  {
    auto calls = all_reduces(ranks, "two_shot", 10'000);
    ranks[0].executor->start(&calls[0]->operation);
    EXPECT_EQ(code_of([&] { ranks[0].executor->wait(&calls[0]->operation, 1ms); }),
              ErrorCode::timeout);
  }
  for (int i = 0; i < 1000; ++i) {
    ranks[0].links.progress.poll();
    ranks[1].links.progress.poll();
  }
  ranks[0].executor.reset();
  EXPECT_EQ(ranks[0].links.completions.orphans(), 0u);
}

}  // namespace
}  // namespace weft::executor
