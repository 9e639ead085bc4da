// Waiting asleep, at capabilities().blocking_wait_fd, where a transport has one.
#include "contract.h"

namespace weft::contract {
namespace {

Put ping(const RemoteMemory& target, std::span<const std::byte> bytes, std::uint64_t value,
         std::uint64_t* completed) {
  Put put;
  put.completed = completed;
  put.source = bytes.data();
  put.target = &target;
  put.target_offset = 64;
  put.bytes = bytes.size();
  put.signal = SignalOp::set;
  put.signal_memory = &target;
  put.signal_value = value;
  return put;
}

bool sleeps(Rank& rank) { return rank.transport().capabilities().blocking_wait_fd >= 0; }

TEST_P(Contract, ASleeperIsWokenByEachPut) {
  run(2, [](Rank& rank) {
    rank.connect_all();
    if (!sleeps(rank)) return;
    const LocalMemory memory = rank.allocate(64 + 100'000);
    const auto imported = rank.share(memory);
    const std::size_t most = rank.transport().capabilities().max_message;
    for (std::uint64_t round = 1; round <= 200; ++round) {
      const std::size_t bytes = std::min<std::size_t>(most, round % 2 == 0 ? 8 : round * 500);
      const auto source = pattern_bytes(round, bytes);
      std::uint64_t completed = 0;
      if (rank.rank() == 0) rank.post(ping(imported[1], source, round, &completed));
      rank.until_woken("the round's signal", [&] { return load_word(memory, 0) == round; });
      ASSERT_EQ(first_difference({data(memory) + 64, bytes}, round), bytes) << round;
      if (rank.rank() == 1) rank.post(ping(imported[0], source, round, &completed));
      rank.until_woken("the put is complete", [&] { return completed == 1; });
    }
    rank.barrier();
  });
}

TEST_P(Contract, ASleeperIsWokenByADeath) {
  if (!GetParam().processes) GTEST_SKIP() << "threads cannot be killed";
  run(
      2,
      [](Rank& rank) {
        rank.connect_all();
        const LocalMemory memory = rank.allocate(8192);
        const auto imported = rank.share(memory);
        if (rank.rank() == 1) rank.die();
        if (!sleeps(rank)) return;
        rank.until_woken("the death is reported", [&] { return rank.failed(1); });
      },
      1);
}

}  // namespace
}  // namespace weft::contract
