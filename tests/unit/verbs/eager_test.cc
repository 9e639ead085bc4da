#include "eager.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

namespace weft::verbs {
namespace {

using Slot = std::array<std::uint64_t, kEntryBytes / 8>;

std::byte* bytes_of(Slot& slot) { return reinterpret_cast<std::byte*>(slot.data()); }

Record record_of(std::size_t payload, std::uint64_t value) {
  Record record;
  record.payload_bytes = static_cast<std::uint16_t>(payload);
  record.kind = RecordKind::set;
  record.number = static_cast<std::uint16_t>(value);
  record.value = value;
  record.signal = Spot::of(3, 5, 4096);
  if (payload > 0) record.target = Spot::of(16383, 1023, (std::uint64_t{1} << 40) - 1);
  return record;
}

std::vector<std::byte> payload_of(std::size_t bytes, unsigned seed) {
  std::vector<std::byte> payload(bytes);
  for (std::size_t i = 0; i < bytes; ++i) payload[i] = static_cast<std::byte>(i * 7 + seed);
  return payload;
}

void expect_entry(const Entry& entry, const Record& record, const std::vector<std::byte>& payload) {
  EXPECT_EQ(entry.record.payload_bytes, record.payload_bytes);
  EXPECT_EQ(entry.record.kind, record.kind);
  EXPECT_EQ(entry.record.value, record.value);
  EXPECT_EQ(entry.record.signal.packed, record.signal.packed);
  if (payload.empty()) return;
  EXPECT_EQ(entry.record.target.packed, record.target.packed);
  EXPECT_EQ(std::memcmp(entry.payload, payload.data(), payload.size()), 0);
}

TEST(EagerEntry, every_length_comes_back) {
  for (std::size_t bytes = 0; bytes <= kEntryPayload; ++bytes) {
    Slot slot{};
    const Record record = record_of(bytes, bytes + 1);
    const auto payload = payload_of(bytes, 1);
    write_entry(bytes_of(slot), record, payload.data(), 77);
    ASSERT_LE(entry_bytes(record), kEntryBytes);
    Entry entry;
    EXPECT_FALSE(read_entry(bytes_of(slot), 78, &entry));
    ASSERT_TRUE(read_entry(bytes_of(slot), 77, &entry));
    expect_entry(entry, record, payload);
    clear_entry(bytes_of(slot), record);
    EXPECT_EQ(slot, Slot{});
  }
}

// A device may place the words of an entry in any order: it is there with the last of them, and not
// before, whatever an older entry left behind.
TEST(EagerEntry, words_may_arrive_in_any_order) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    const std::size_t bytes = random() % (kEntryPayload + 1);
    const Record record = record_of(bytes, random());
    const auto payload = payload_of(bytes, static_cast<unsigned>(round));
    Slot sent{};
    write_entry(bytes_of(sent), record, payload.data(), 1000);
    Slot arrived{};
    if (round % 2 == 0) {
      const auto older = payload_of(kEntryPayload, 9);
      write_entry(bytes_of(arrived), record_of(kEntryPayload, 5), older.data(), 1000 - 32);
    }
    std::vector<std::size_t> order(entry_words(record));
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::shuffle(order.begin(), order.end(), random);
    Entry entry;
    for (const std::size_t word : order) {
      ASSERT_FALSE(read_entry(bytes_of(arrived), 1000, &entry));
      arrived[word] = sent[word];
    }
    ASSERT_TRUE(read_entry(bytes_of(arrived), 1000, &entry));
    expect_entry(entry, record, payload);
  }
}

// The numbers of entrys go on beyond what a flag can hold: no entry's flag is that of an empty
// slot, and each is taken in its turn, never before all of it has come.
TEST(EagerEntry, flags_go_on_behind_the_last_one) {
  constexpr std::uint64_t kSlots = 16;
  std::vector<Slot> inbox(kSlots, Slot{});
  const std::uint64_t first = (std::uint64_t{1} << 32) - 2;
  for (std::uint64_t number = first; number < first + 4 * kSlots; ++number) {
    std::byte* slot = bytes_of(inbox[number % kSlots]);
    Entry entry;
    ASSERT_NE(flag_of(number), 0u) << number;
    ASSERT_FALSE(entry_begins(slot, flag_of(number))) << "an empty slot, entry " << number;
    const Record record = record_of(100, number);
    const auto payload = payload_of(100, static_cast<unsigned>(number));
    Slot sent{};
    write_entry(bytes_of(sent), record, payload.data(), flag_of(number));
    // All but the last word.
    const std::size_t words = entry_words(record);
    std::memcpy(slot, sent.data(), (words - 1) * 8);
    ASSERT_FALSE(read_entry(slot, flag_of(number), &entry)) << "a torn one, entry " << number;
    std::memcpy(slot, sent.data(), words * 8);
    ASSERT_TRUE(read_entry(slot, flag_of(number), &entry));
    expect_entry(entry, record, payload);
    clear_entry(slot, record);
  }
}

TEST(EagerEntry, neighbours_in_a_slot_have_different_flags) {
  constexpr std::uint64_t kLast = 0xffff'fffeu;
  EXPECT_EQ(flag_of(0), 1u);
  EXPECT_EQ(flag_of(kLast), 0xffff'ffffu);
  EXPECT_EQ(flag_of(kLast + 1), 1u);
  for (const std::uint64_t slots : {2u, 4u, 8u, 16u, 32u}) {
    for (std::uint64_t number = kLast - 64; number < kLast + 64; ++number)
      ASSERT_NE(flag_of(number), flag_of(number + slots)) << number;
  }
}

// What a faulty peer writes must not be read beyond the slot.
TEST(EagerEntry, a_length_beyond_the_slot_is_not_believed) {
  Slot slot{};
  Record record = record_of(kEntryPayload, 1);
  const auto payload = payload_of(kEntryPayload, 1);
  write_entry(bytes_of(slot), record, payload.data(), 7);
  record.payload_bytes = 65535;
  write_words(slot.data(), &record, 4, 7);
  Entry entry;
  EXPECT_TRUE(read_entry(bytes_of(slot), 7, &entry));
  EXPECT_EQ(entry.record.payload_bytes, 65535);
  clear_entry(bytes_of(slot), entry.record);
}

TEST(Spot, it_keeps_all_of_its_parts) {
  const Spot spot = Spot::of(16383, 1023, (std::uint64_t{1} << 40) - 8);
  EXPECT_EQ(spot.region(), 16383u);
  EXPECT_EQ(spot.generation(), 1023u);
  EXPECT_EQ(spot.offset(), (std::uint64_t{1} << 40) - 8);
}

}  // namespace
}  // namespace weft::verbs
