#include "eager_ring.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <vector>

namespace weft::verbs {
namespace {

// One end of a ring, with its memory.
struct End {
  std::vector<std::uint64_t> memory;
  EagerRing ring;

  End(std::uint32_t slots, std::uint64_t first) : memory(EagerRing::bytes(slots) / 8) {
    ring.open(reinterpret_cast<std::byte*>(memory.data()), slots, first);
  }
};

Record record_of(std::uint64_t number) {
  Record record;
  record.kind = RecordKind::set;
  record.number = static_cast<std::uint16_t>(number);
  record.payload_bytes = 8;
  record.value = number * 3;
  return record;
}

// What a device does with a WRITE.
void deliver(const EagerRing::Outgoing& out, End& to) {
  std::memcpy(to.ring.inbox() + out.slot_offset, out.entry, out.bytes);
}

void run_through(std::uint32_t slots_here, std::uint32_t slots_there, std::uint64_t first) {
  End here(slots_here, first), there(slots_there, first);
  here.ring.join(slots_there);
  there.ring.join(slots_here);
  const std::uint64_t window = std::min(slots_here, slots_there);
  Entry entry;
  for (std::uint64_t number = first; number < first + 500; ++number) {
    ASSERT_FALSE(there.ring.begins()) << "nothing was sent, entry " << number;
    ASSERT_TRUE(here.ring.has_room());
    deliver(here.ring.write(record_of(number), &number), there);
    ASSERT_TRUE(there.ring.begins());
    const auto turn = static_cast<std::uint16_t>(number);
    ASSERT_FALSE(there.ring.take(static_cast<std::uint16_t>(turn + 1), &entry)) << "not its turn";
    ASSERT_TRUE(there.ring.take(turn, &entry));
    if ((number + 1 - first) % window == 0) here.ring.add_credits(there.ring.take_owed());
    ASSERT_EQ(entry.record.value, number * 3);
    std::uint64_t payload = 0;
    std::memcpy(&payload, entry.payload, sizeof(payload));
    ASSERT_EQ(payload, number);
  }
}

TEST(EagerRing, entries_come_in_order_behind_any_number_of_them) {
  for (const std::uint64_t first :
       {std::uint64_t{0}, (std::uint64_t{1} << 32) - 2, (std::uint64_t{1} << 40) + 5}) {
    for (const auto& [here, there] : {std::pair{32u, 32u}, {2u, 32u}, {32u, 2u}, {16u, 8u}})
      run_through(here, there, first);
  }
}

TEST(EagerRing, credits_bound_what_is_on_its_way) {
  End here(8, 0), there(8, 0);
  here.ring.join(8);
  there.ring.join(8);
  for (std::uint64_t i = 0; i < 8; ++i) {
    ASSERT_TRUE(here.ring.has_room());
    deliver(here.ring.write(record_of(i), &i), there);
  }
  EXPECT_FALSE(here.ring.has_room());
  Entry entry;
  for (std::uint64_t i = 0; i < 8; ++i) {
    ASSERT_TRUE(there.ring.take(static_cast<std::uint16_t>(i), &entry));
    EXPECT_EQ(there.ring.owes_half(), i >= 3);
  }
  EXPECT_FALSE(there.ring.begins());
  here.ring.add_credits(there.ring.take_owed());
  EXPECT_TRUE(here.ring.has_room());
  EXPECT_FALSE(there.ring.owes_half());
}

TEST(EagerRing, a_peer_without_one_gets_nothing) {
  End here(8, 0);
  here.ring.join(0);
  EXPECT_FALSE(here.ring.joined());
  EXPECT_FALSE(here.ring.has_room());
  EXPECT_TRUE(here.ring.is_open());
}

}  // namespace
}  // namespace weft::verbs
