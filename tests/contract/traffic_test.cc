// Much traffic: order, batches, visibility, many peers, both directions at once.
#include <algorithm>

#include "contract.h"

namespace weft::contract {
namespace {

// What a rank keeps for one peer: a word, and a place for bytes.
constexpr std::size_t kPlaceBytes = 8192;

Put numbered_put(const RemoteMemory& target, std::uint64_t place, std::span<const std::byte> bytes,
                 SignalOp op, std::uint64_t value) {
  Put put;
  put.source = bytes.data();
  put.target = &target;
  put.target_offset = place + 64;
  put.bytes = bytes.size();
  put.signal = op;
  put.signal_memory = &target;
  put.signal_offset = place;
  put.signal_value = value;
  return put;
}

// A ping-pong without barriers: each round's bytes are there when their signal is.
void exchange_rounds(Rank& rank, std::uint64_t rounds, std::size_t bytes) {
  const LocalMemory memory = rank.allocate(rank.size() * kPlaceBytes);
  const auto imported = rank.share(memory);
  std::vector<std::vector<std::byte>> sources(rank.size());
  for (std::uint64_t round = 1; round <= rounds; ++round) {
    const auto mine = pattern_bytes(round * 16 + rank.rank(), bytes);
    for (int peer = 0; peer < rank.size(); ++peer) {
      sources[peer] = mine;
      rank.post(numbered_put(imported[peer], rank.rank() * kPlaceBytes, sources[peer],
                             SignalOp::set, round));
    }
    for (int peer = 0; peer < rank.size(); ++peer) {
      const std::uint64_t place = peer * kPlaceBytes;
      rank.until("the round's signal", [&] { return load_word(memory, place) == round; });
      ASSERT_EQ(first_difference({data(memory) + place + 64, bytes}, round * 16 + peer), bytes)
          << "round " << round << " from " << peer;
    }
    rank.barrier();
  }
}

TEST_P(Contract, WhoeverSeesTheSignalSeesTheBytes) {
  run(2, [](Rank& rank) {
    rank.connect_all();
    exchange_rounds(rank, 1000, 200);
    exchange_rounds(rank, 200, 4000);
  });
}

TEST_P(Contract, EightRanksTalkToAll) {
  run(8, [](Rank& rank) {
    rank.connect_all();
    exchange_rounds(rank, 20, 1000);
  });
}

TEST_P(Contract, OrderedPutsBecomeVisibleInOrder) {
  run(2, [](Rank& rank) {
    rank.connect_all();
    if (!rank.transport().capabilities().ordered) return;
    constexpr std::uint64_t kPuts = 2000;
    const LocalMemory memory = rank.allocate(kPuts * 8 + kPlaceBytes);
    const auto imported = rank.share(memory);
    const RemoteMemory& theirs = imported[rank.next()];
    std::uint64_t seen = 0;
    const auto look = [&] {
      const std::uint64_t now = load_word(memory, 0);
      EXPECT_GE(now, seen) << "a later signal was overtaken";
      // Each put but the last raised its word before the next was visible.
      for (std::uint64_t i = seen; i < now; ++i) {
        ASSERT_EQ(load_word(memory, kPlaceBytes + i * 8), i + 1) << "seen " << now;
      }
      seen = now;
    };
    std::vector<std::uint64_t> values(kPuts);
    for (std::uint64_t i = 0; i < kPuts; ++i) {
      values[i] = i + 1;
      Put put = numbered_put(theirs, 0, std::as_bytes(std::span(&values[i], 1)), SignalOp::none, 0);
      put.target_offset = kPlaceBytes + i * 8;
      rank.post(put);
      put = numbered_put(theirs, 0, {}, SignalOp::set, i + 1);
      rank.post(put);
      look();
    }
    rank.until("all puts are seen", [&] {
      look();
      return seen == kPuts;
    });
    rank.barrier();
  });
}

TEST_P(Contract, BatchesLargerThanAnyQueueGoThrough) {
  run(2, [](Rank& rank) {
    rank.connect_all();
    constexpr std::size_t kPuts = 20000;
    const LocalMemory memory = rank.allocate(kPlaceBytes + kPuts * 16);
    const auto imported = rank.share(memory);
    const auto bytes = pattern_bytes(rank.rank(), kPuts * 16);
    std::uint64_t completed = 0;
    std::vector<Put> batch;
    for (std::size_t i = 0; i < kPuts; ++i) {
      batch.push_back(numbered_put(imported[rank.next()], 0, std::span(bytes).subspan(i * 16, 16),
                                   SignalOp::add, 1));
      batch.back().target_offset = kPlaceBytes + i * 16;
      batch.back().completed = &completed;
    }
    rank.post(batch);
    rank.until("the batch is there", [&] { return load_word(memory, 0) == kPuts; });
    EXPECT_EQ(first_difference({data(memory) + kPlaceBytes, kPuts * 16}, rank.previous()),
              kPuts * 16);
    rank.until("the batch is complete", [&] { return completed == kPuts; });
    rank.barrier();
  });
}

// Sizes that go different ways through a transport, mixed, each behind the one before.
TEST_P(Contract, MixedSizesAreSeenInOrder) {
  run(2, [](Rank& rank) {
    rank.connect_all();
    if (!rank.transport().capabilities().ordered) return;
    constexpr std::size_t kMost = 200'000;
    constexpr std::uint64_t kRounds = 300;
    const LocalMemory memory = rank.allocate(kPlaceBytes + kMost);
    const auto imported = rank.share(memory);
    const std::size_t sizes[] = {8, 150'000, 0, 60, 2000, 1, 1000, 70'000, 400, 0, 100, 8192};
    const std::size_t most = rank.transport().capabilities().max_message;
    std::vector<std::byte> source(kMost);
    std::uint64_t value = 0;
    for (std::uint64_t round = 1; round <= kRounds; ++round) {
      // Two bare copies before the signal's own, over all of the place.
      const std::size_t bytes = std::min(sizes[round % std::size(sizes)], most);
      source = pattern_bytes(round, kMost);
      std::uint64_t completed = 0;
      std::uint64_t posted = 0;
      for (std::size_t offset = 0; offset < kMost; offset += std::min(most, kMost / 2)) {
        Put put = numbered_put(
            imported[rank.next()], 0,
            std::span(source).subspan(offset, std::min({most, kMost / 2, kMost - offset})),
            SignalOp::none, 0);
        put.target_offset = kPlaceBytes + offset;
        put.completed = &completed;
        ++posted;
        rank.post(put);
      }
      Put put = numbered_put(imported[rank.next()], 0, std::span(source).first(bytes),
                             round % 3 == 0 ? SignalOp::add : SignalOp::set, 0);
      value += round % 3 == 0 ? 7 : 1;
      put.signal_value = round % 3 == 0 ? 7 : value;
      put.target_offset = kPlaceBytes;
      put.completed = &completed;
      ++posted;
      rank.post(put);
      rank.until("the round's signal", [&] { return load_word(memory, 0) == value; });
      ASSERT_EQ(first_difference({data(memory) + kPlaceBytes, kMost}, round), kMost)
          << "round " << round;
      rank.until("the round's puts complete", [&] { return completed == posted; });
      rank.barrier();
    }
  });
}

// More than any buffer in between holds, both ways, and nobody reads before it has posted all.
TEST_P(Contract, LargeTrafficInBothDirectionsDoesNotStop) {
  run(2, [](Rank& rank) {
    rank.connect_all();
    constexpr std::size_t kBytes = 8 << 20;
    const LocalMemory memory = rank.allocate(64 + kBytes);
    const auto imported = rank.share(memory);
    const auto bytes = pattern_bytes(rank.rank(), kBytes);
    std::uint64_t pieces = 0;
    for (std::uint64_t round = 0; round < 3; ++round) {
      pieces += rank.send(imported[rank.next()], 64, bytes, 0);
    }
    rank.until("all is there", [&] { return load_word(memory, 0) == pieces; });
    EXPECT_EQ(first_difference({data(memory) + 64, kBytes}, rank.previous()), kBytes);
    rank.barrier();
  });
}

TEST_P(Contract, OneBatchMayGoToManyPeers) {
  run(4, [](Rank& rank) {
    rank.connect_all();
    const LocalMemory memory = rank.allocate(rank.size() * kPlaceBytes);
    const auto imported = rank.share(memory);
    const auto bytes = pattern_bytes(rank.rank(), 500);
    std::vector<Put> batch;
    for (int round = 0; round < 10; ++round) {
      for (const RemoteMemory& remote : imported) {
        batch.push_back(numbered_put(remote, rank.rank() * kPlaceBytes, bytes, SignalOp::add, 1));
      }
    }
    rank.post(batch);
    for (int peer = 0; peer < rank.size(); ++peer) {
      const std::uint64_t place = peer * kPlaceBytes;
      rank.until("ten puts of each", [&] { return load_word(memory, place) == 10; });
      EXPECT_EQ(first_difference({data(memory) + place + 64, 500}, peer), 500u);
    }
    rank.barrier();
  });
}

}  // namespace
}  // namespace weft::contract
