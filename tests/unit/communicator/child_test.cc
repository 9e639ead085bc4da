// Communicators over the connections of another one, between ranks that map each other's memory and
// between ranks that send puts.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "support/child.h"
#include "support/collectives.h"
#include "support/ranks.h"

namespace weft::testing {
namespace {

constexpr Collective kData[] = {Collective::all_reduce, Collective::reduce_scatter,
                                Collective::all_gather, Collective::broadcast, Collective::reduce};

void run_collectives(Communicator& comm) {
  using Form = Manner::Form;
  for (const Manner manner : {Manner{Form::blocking}, Manner{Form::async, false, true},
                              Manner{Form::plan, true}, Manner{Form::plan, false, true}}) {
    for (const Collective collective : kData) {
      for (const std::size_t count : {1, 100, 40'000, 300'000})
        run_case(comm, {collective, DataType::f32, ReduceOp::sum, comm.size() - 1, count}, manner);
    }
  }
  comm.barrier();
}

// A byte of what a rank of a communicator sends in a round.
std::uint8_t byte_of(int rank, std::size_t round) {
  return static_cast<std::uint8_t>(static_cast<std::size_t>(rank) * 37 + round * 11 + 1);
}

// Every rank sends to the next one, messages of every kind.
void run_messages(Communicator& comm) {
  const int next = (comm.rank() + 1) % comm.size();
  const int before = (comm.rank() + comm.size() - 1) % comm.size();
  for (const std::size_t bytes : {1, 8, 200, 20'000, 3'000'000}) {
    const std::vector<std::uint8_t> mine(bytes, byte_of(comm.rank(), bytes));
    std::vector<std::uint8_t> theirs(bytes);
    const Received received =
        comm.sendrecv(mine.data(), bytes, next, 3, theirs.data(), bytes, before, 3);
    require(received.source == before && received.bytes == bytes, "another message");
    require(std::ranges::count(theirs, byte_of(before, bytes)) == std::ssize(theirs),
            "another sender's bytes");
  }
}

// Every rank puts into the next one's part, and reads it back.
void run_window(Communicator& comm) {
  constexpr std::size_t kWord = 4992;  // where the signal goes
  const int next = (comm.rank() + 1) % comm.size();
  const int before = (comm.rank() + comm.size() - 1) % comm.size();
  Window window = comm.open_window(kWord + sizeof(std::uint64_t));
  const std::vector<std::uint8_t> mine(kWord, byte_of(comm.rank(), 5));
  window.put_signal(next, 0, mine.data(), mine.size(), kWord, 7);
  window.flush();
  window.wait_at_least(kWord, 7, before);
  const auto* own = static_cast<const std::uint8_t*>(window.data());
  require(own[0] == byte_of(before, 5) && own[mine.size() - 1] == byte_of(before, 5),
          "another rank's window");
  std::vector<std::uint8_t> back(mine.size());
  window.get(next, 0, back.data(), back.size());
  window.flush();
  require(back == mine, "read from another rank");
  comm.barrier();
}

void run_channel(Communicator& comm) {
  if (comm.rank() > 1) return;
  Channel channel = comm.open_channel(1 - comm.rank(), {.slot_bytes = 100, .slots = 4});
  for (int i = 0; i < 50; ++i) {
    const int mine = comm.rank() * 1000 + i;
    std::memcpy(channel.acquire(), &mine, sizeof(mine));
    channel.commit(sizeof(mine));
    int theirs = 0;
    std::memcpy(&theirs, channel.receive().data, sizeof(theirs));
    channel.release();
    require(theirs == (1 - comm.rank()) * 1000 + i, "another channel's message");
  }
}

// A page of every rank goes to the next one's pool.
void run_pages(Communicator& comm) {
  const int next = (comm.rank() + 1) % comm.size();
  const int before = (comm.rank() + comm.size() - 1) % comm.size();
  PagePool pool = comm.open_page_pool({.page_bytes = 3000, .pages = 8});
  std::memset(pool.page(0, 2), byte_of(comm.rank(), 9), 3000);
  comm.barrier();
  const std::vector<std::uint32_t> from{2}, to{5};
  pool.write_pages(next, from, to, {.counter = 0}).wait();
  pool.wait_counter(0, 1, before);
  require(*static_cast<const std::uint8_t*>(pool.page(0, 5)) == byte_of(before, 9),
          "another rank's page");
}

void run_all(Communicator& comm) {
  run_collectives(comm);
  if (comm.size() == 1) return;
  run_messages(comm);
  run_window(comm);
  run_channel(comm);
  run_pages(comm);
}

class Child : public ::testing::TestWithParam<const char*> {
 protected:
  static Options options() {
    Options options;
    options.transports = GetParam();
    return options;
  }
};

TEST_P(Child, ADuplicateDoesWhatItsParentDoes) {
  run_threads(3, options(), [](Communicator& comm) {
    Communicator child = duplicate_of(comm);
    require(child.rank() == comm.rank() && child.size() == comm.size(), "other ranks");
    run_all(child);
    run_all(comm);
  });
}

TEST_P(Child, OpensNoTransportAndConnectsNobody) {
  run_threads(3, options(), [](Communicator& comm) {
    const auto& parent = behind(comm);
    const std::size_t transports = parent.connections->transports().all().size();
    Communicator child = duplicate_of(comm);
    require(behind(child).connections == parent.connections, "connections of its own");
    require(parent.connections->transports().all().size() == transports, "another transport");
    for (int rank = 0; rank < comm.size(); ++rank) {
      const auto index = static_cast<std::size_t>(rank);
      const executor::Link& mine = behind(child).world().links[index];
      const executor::Link& theirs = parent.world().links[index];
      require(mine.transport == theirs.transport && mine.peer == theirs.peer, "another way");
      require(mine.bell == theirs.bell, "another word to sleep on");
    }
  });
}

TEST_P(Child, RanksInAnotherOrderAreWhoTheyAre) {
  run_threads(4, options(), [](Communicator& comm) {
    const std::vector<int> members{3, 1, 0};
    std::optional<Communicator> child = child_of(comm, members);
    require(child.has_value() == (comm.rank() != 2), "wrong members");
    if (!child) return;
    require(child->size() == 3 && members[static_cast<std::size_t>(child->rank())] == comm.rank(),
            "another rank");
    run_all(*child);
    // Who is rank 0 there: its parent's rank, from each.
    std::int32_t mine = comm.rank(), all[3] = {};
    child->all_gather(&mine, all, 1, DataType::i32);
    require(all[0] == 3 && all[1] == 1 && all[2] == 0, "another order");
  });
}

TEST_P(Child, ParentsOperationsGoOnMeanwhile) {
  run_threads(4, options(), [](Communicator& comm) {
    std::vector<std::int32_t> data(300'000, 1);
    Request outstanding =
        comm.all_reduce_async(data.data(), data.data(), data.size(), DataType::i32, ReduceOp::sum);
    const std::vector<int> members = comm.rank() == 2 ? std::vector{2} : std::vector{1, 3, 0};
    std::optional<Communicator> child = child_of(comm, members);
    std::vector<std::int32_t> more(200'000, 2);
    Request second =
        comm.all_reduce_async(more.data(), more.data(), more.size(), DataType::i32, ReduceOp::sum);
    run_all(*child);
    second.wait();
    outstanding.wait();
    require(std::ranges::count(data, 4) == std::ssize(data), "wrong sum");
    require(std::ranges::count(more, 8) == std::ssize(more), "wrong second sum");
  });
}

// Rank 0 waits in the child for what rank 1 sends only once the parent's operation is complete,
// which needs rank 0: both ways, many times, asleep.
TEST_P(Child, AWaitInOneMovesTheOtherOn) {
  Options mine = options();
  mine.wait_policy = WaitPolicy::block;
  run_threads(2, mine, [](Communicator& comm) {
    Communicator child = duplicate_of(comm);
    std::vector<std::int32_t> data(50'000, 1);
    for (int round = 0; round < 20; ++round) {
      Communicator& works = round % 2 == 0 ? comm : child;
      Communicator& waits = round % 2 == 0 ? child : comm;
      std::ranges::fill(data, 1);
      if (comm.rank() == 0) {
        Request request = works.all_reduce_async(data.data(), data.data(), data.size(),
                                                 DataType::i32, ReduceOp::sum);
        int word = 0;
        waits.recv(&word, sizeof(word), 1);
        require(word == round, "another word");
        request.wait();
      } else {
        works.all_reduce(data.data(), data.data(), data.size(), DataType::i32, ReduceOp::sum);
        waits.send(&round, sizeof(round), 0);
      }
      require(data[0] == 2 && data.back() == 2, "wrong sum");
    }
  });
}

TEST_P(Child, ChildrenHaveChildrenAndEndInAnyOrder) {
  run_threads(4, options(), [](Communicator& comm) {
    for (int round = 0; round < 3; ++round) {
      auto half = child_of(comm, comm.rank() < 2 ? std::vector{1, 0} : std::vector{2, 3});
      auto pair = std::make_optional(duplicate_of(*half));
      auto crossed = child_of(comm, comm.rank() % 2 == 0 ? std::vector{2, 0} : std::vector{1, 3});
      half.reset();
      run_messages(*pair);
      pair.reset();
      run_messages(*crossed);
      run_messages(comm);
    }
  });
}

TEST_P(Child, OutlivesItsParent) {
  run_threads(3, options(), [](const Options& mine) {
    auto parent = std::make_optional(Communicator::create(mine));
    auto first = child_of(*parent, {2, 0});
    Communicator child = duplicate_of(*parent);
    parent.reset();
    run_all(child);
    if (!first) return;
    run_messages(*first);
    first.reset();
  });
}

TEST_P(Child, WhatFailsAtOneRankFailsAtAll) {
  run_threads(3, options(), [](Communicator& comm) {
    const auto refused = [&](ErrorCode code, const std::string& part, std::vector<int> members) {
      expect_error(code, part, [&] { child_of(comm, members); });
    };
    const bool odd = comm.rank() == 1;
    refused(ErrorCode::invalid_argument, "rank 1 names rank 3 of 3",
            odd ? std::vector{0, 1, 3} : std::vector{0, 1, 2});
    refused(ErrorCode::invalid_argument, "rank 1 names rank 0 twice",
            odd ? std::vector{0, 1, 0} : std::vector{0, 1, 2});
    refused(ErrorCode::mismatch, "names other members",
            odd ? std::vector{1, 0, 2} : std::vector{0, 1, 2});
    Communicator child = duplicate_of(comm);
    run_messages(child);
    run_messages(comm);
  });
}

// Only rank 0 leaves the child; the others learn of it there, and the parent goes on.
TEST_P(Child, WhoHasLeftIsNotWaitedFor) {
  Options mine = options();
  mine.timeout = std::chrono::seconds(60);
  run_threads(3, mine, [](Communicator& comm) {
    auto child = std::make_optional(duplicate_of(comm));
    child->barrier();
    if (comm.rank() == 0) {
      child.reset();
    } else {
      float value = 1;
      expect_error(ErrorCode::peer_failed, "rank 0", [&] { child->barrier(); });
      expect_error(ErrorCode::peer_failed, "has left",
                   [&] { child->recv(&value, sizeof(value), 0); });
    }
    run_messages(comm);
    run_collectives(comm);
    child.reset();
    Communicator next = duplicate_of(comm);
    run_messages(next);
  });
}

INSTANTIATE_TEST_SUITE_P(Over, Child, ::testing::Values("shm", "sim"),
                         [](const auto& over) { return std::string(over.param); });

}  // namespace
}  // namespace weft::testing
