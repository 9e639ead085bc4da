// One put at a time: where bytes land, what signals do, when completions are raised.
#include <array>

#include "contract.h"

namespace weft::contract {
namespace {

constexpr std::uint64_t kWord = 0;  // offset of the signal in the memories below
constexpr std::uint64_t kData = 64;

Put signal(const RemoteMemory& memory, SignalOp op, std::uint64_t value, std::uint64_t offset) {
  Put put;
  put.signal_memory = &memory;
  put.signal_offset = offset;
  put.signal_value = value;
  put.signal = op;
  return put;
}

Put copy(const RemoteMemory& memory, std::uint64_t offset, std::span<const std::byte> bytes) {
  Put put;
  put.target = &memory;
  put.target_offset = offset;
  put.source = bytes.data();
  put.bytes = bytes.size();
  return put;
}

// Puts of this size land at this offset, and nowhere else.
void expect_exact_put(Rank& rank, std::size_t bytes, std::uint64_t offset) {
  constexpr std::size_t kCanary = 64;
  constexpr std::byte kUntouched{0xA5};
  const LocalMemory memory = rank.allocate(kData + kCanary + offset + bytes + kCanary);
  std::fill(data(memory) + kData, data(memory) + memory.bytes, kUntouched);
  const auto imported = rank.share(memory);
  const auto sent = pattern_bytes(bytes + rank.rank(), bytes);
  const std::uint64_t start = kData + kCanary + offset;
  const std::uint64_t pieces = rank.send(imported[rank.next()], start, sent, kWord);
  rank.until("the put arrives", [&] { return load_word(memory, kWord) == pieces; });
  EXPECT_EQ(first_difference({data(memory) + start, bytes}, bytes + rank.previous()), bytes)
      << bytes << " bytes at " << offset;
  for (std::size_t i = 0; i < kCanary; ++i) {
    ASSERT_EQ(data(memory)[start - 1 - i], kUntouched) << "before " << bytes << " bytes";
    ASSERT_EQ(data(memory)[start + bytes + i], kUntouched) << "behind " << bytes << " bytes";
  }
  rank.barrier();
  rank.transport().release(memory);
}

TEST_P(Contract, PutsOfEverySizeLandExactly) {
  run(2, [](Rank& rank) {
    rank.connect_all();
    for (const std::size_t bytes : {0ul, 1ul, 7ul, 8ul, 63ul, 64ul, 65ul, 4096ul, 65537ul}) {
      for (const std::uint64_t offset : {0ul, 1ul, 13ul, 4093ul}) {
        expect_exact_put(rank, bytes, offset);
      }
    }
    expect_exact_put(rank, (1 << 20) + 3, 5);
  });
}

TEST_P(Contract, PutsToItselfLand) {
  run(1, [](Rank& rank) {
    rank.connect_all();
    for (const std::size_t bytes : {0ul, 1ul, 64ul, 4096ul, 300001ul}) {
      expect_exact_put(rank, bytes, 3);
    }
  });
}

TEST_P(Contract, APutAsLargeAsMaxMessageLands) {
  run(2, [](Rank& rank) {
    rank.connect_all();
    const std::uint64_t largest = rank.transport().capabilities().max_message;
    if (largest <= 16 << 20) expect_exact_put(rank, largest, 1);
    expect_exact_put(rank, 16 << 20, 1);
  });
}

TEST_P(Contract, ASignalSets) {
  run(2, [](Rank& rank) {
    rank.connect_all();
    const LocalMemory memory = rank.allocate(4096);
    const auto imported = rank.share(memory);
    for (const std::uint64_t value : {5ull, 3ull, ~0ull, 1ull << 63, 42ull}) {
      rank.post(signal(imported[rank.next()], SignalOp::set, value, 4088));
      rank.until("the word is set", [&] { return load_word(memory, 4088) == value; });
      rank.barrier();
    }
    EXPECT_EQ(load_word(memory, 4080), 0u);
  });
}

TEST_P(Contract, ASignalAdds) {
  run(4, [](Rank& rank) {
    rank.connect_all();
    const LocalMemory memory = rank.allocate(4096);
    const auto imported = rank.share(memory);
    for (int round = 0; round < 100; ++round) {
      for (const RemoteMemory& remote : imported) {
        rank.post(signal(remote, SignalOp::add, static_cast<std::uint64_t>(rank.rank()) + 1, 8));
      }
    }
    rank.until("everybody has added", [&] { return load_word(memory, 8) >= 100 * 10; });
    rank.barrier();
    EXPECT_EQ(load_word(memory, 8), 100u * (1 + 2 + 3 + 4));
  });
}

TEST_P(Contract, AnAddMayWrapAround) {
  run(2, [](Rank& rank) {
    rank.connect_all();
    const LocalMemory memory = rank.allocate(64);
    const auto imported = rank.share(memory);
    rank.post(signal(imported[rank.next()], SignalOp::add, 7, 0));
    rank.until("the word is 7", [&] { return load_word(memory, 0) == 7; });
    rank.barrier();
    rank.post(signal(imported[rank.next()], SignalOp::add, ~std::uint64_t{0}, 0));
    rank.until("the word is 6", [&] { return load_word(memory, 0) == 6; });
    rank.barrier();
  });
}

TEST_P(Contract, TheSignalMayLieInAnotherMemoryThanTheBytes) {
  run(2, [](Rank& rank) {
    rank.connect_all();
    const LocalMemory memory = rank.allocate(8192);
    const LocalMemory words = rank.allocate(64);
    const auto imported = rank.share(memory);
    const auto imported_words = rank.share(words);
    const auto bytes = pattern_bytes(rank.rank(), 3000);
    Put put = copy(imported[rank.next()], 17, bytes);
    put.signal = SignalOp::set;
    put.signal_memory = &imported_words[rank.next()];
    put.signal_offset = 56;
    put.signal_value = 9;
    rank.post(put);
    rank.until("the word is set", [&] { return load_word(words, 56) == 9; });
    EXPECT_EQ(first_difference({data(memory) + 17, 3000}, rank.previous()), 3000u);
    rank.barrier();
  });
}

TEST_P(Contract, ABareCopyCompletes) {
  run(2, [](Rank& rank) {
    rank.connect_all();
    const LocalMemory memory = rank.allocate(8192);
    const auto imported = rank.share(memory);
    const auto bytes = pattern_bytes(rank.rank(), 2000);
    std::uint64_t completed = 0;
    Put put = copy(imported[rank.next()], 3, bytes);
    put.completed = &completed;
    rank.post(put);
    rank.until("the copy is complete", [&] { return completed == 1; });
    // Completion says that the source is free; that the bytes are there, only a later signal of an
    // ordered transport says.
    if (rank.transport().capabilities().ordered) {
      rank.post(signal(imported[rank.next()], SignalOp::set, 1, 8000));
      rank.until("the signal is there", [&] { return load_word(memory, 8000) == 1; });
      EXPECT_EQ(first_difference({data(memory) + 3, 2000}, rank.previous()), 2000u);
    }
    rank.barrier();
    EXPECT_EQ(completed, 1u);
  });
}

TEST_P(Contract, CompletionsAreRaisedOncePerPut) {
  run(2, [](Rank& rank) {
    rank.connect_all();
    const LocalMemory memory = rank.allocate(1 << 16);
    const auto imported = rank.share(memory);
    const auto bytes = pattern_bytes(1, 3000);
    std::array<std::uint64_t, 3> completed{};
    const std::array<std::size_t, 3> sizes{0, 16, 3000};
    constexpr std::uint64_t kRounds = 300;
    for (std::uint64_t round = 0; round < kRounds; ++round) {
      for (std::size_t i = 0; i < sizes.size(); ++i) {
        Put put = copy(imported[rank.next()], 64, std::span(bytes).first(sizes[i]));
        put.signal = SignalOp::add;
        put.signal_memory = &imported[rank.next()];
        put.signal_value = 1;
        put.completed = &completed[i];
        rank.post(put);
      }
    }
    const std::array<std::uint64_t, 3> all{kRounds, kRounds, kRounds};
    rank.until("all puts are complete", [&] { return completed == all; });
    rank.until("all puts are there", [&] { return load_word(memory, 0) == 3 * kRounds; });
    rank.barrier();
    for (int i = 0; i < 100; ++i) rank.transport().progress();
    EXPECT_EQ(completed, all);
  });
}

TEST_P(Contract, ASourceMayBeReusedOnceItsPutIsComplete) {
  run(2, [](Rank& rank) {
    rank.connect_all();
    constexpr std::size_t kBytes = 2000;
    constexpr std::uint64_t kRounds = 64;
    const LocalMemory memory = rank.allocate(64 + kRounds * kBytes);
    const auto imported = rank.share(memory);
    std::vector<std::byte> source(kBytes);
    std::uint64_t completed = 0;
    for (std::uint64_t round = 0; round < kRounds; ++round) {
      source = pattern_bytes(round, kBytes);
      Put put = copy(imported[rank.next()], 64 + round * kBytes, source);
      put.signal = SignalOp::add;
      put.signal_memory = &imported[rank.next()];
      put.signal_value = 1;
      put.completed = &completed;
      rank.post(put);
      rank.until("the put is complete", [&] { return completed == round + 1; });
      std::fill(source.begin(), source.end(), std::byte{0xEE});
    }
    rank.until("all puts are there", [&] { return load_word(memory, 0) == kRounds; });
    for (std::uint64_t round = 0; round < kRounds; ++round) {
      ASSERT_EQ(first_difference({data(memory) + 64 + round * kBytes, kBytes}, round), kBytes);
    }
    rank.barrier();
  });
}

TEST_P(Contract, CallArgumentsNeedOnlyOutliveTheCall) {
  run(2, [](Rank& rank) {
    rank.connect_all();
    const LocalMemory memory = rank.allocate(1 << 16);
    const auto imported = rank.share(memory);
    const auto bytes = pattern_bytes(rank.rank(), 50000);
    std::uint64_t pieces = 0;
    {
      auto target = std::make_unique<RemoteMemory>(imported[rank.next()]);
      pieces = rank.send(*target, 64, bytes, kWord);
      *target = {};
    }
    rank.until("the put arrives", [&] { return load_word(memory, kWord) == pieces; });
    EXPECT_EQ(first_difference({data(memory) + 64, 50000}, rank.previous()), 50000u);
    rank.barrier();
  });
}

}  // namespace
}  // namespace weft::contract
