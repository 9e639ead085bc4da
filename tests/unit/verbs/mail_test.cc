#include "mail.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

namespace weft::verbs {
namespace {

using Slot = std::array<std::uint64_t, kMailBytes / 8>;

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

void expect_letter(const Letter& letter, const Record& record,
                   const std::vector<std::byte>& payload) {
  EXPECT_EQ(letter.record.payload_bytes, record.payload_bytes);
  EXPECT_EQ(letter.record.kind, record.kind);
  EXPECT_EQ(letter.record.value, record.value);
  EXPECT_EQ(letter.record.signal.packed, record.signal.packed);
  if (payload.empty()) return;
  EXPECT_EQ(letter.record.target.packed, record.target.packed);
  EXPECT_EQ(std::memcmp(letter.payload, payload.data(), payload.size()), 0);
}

TEST(Mail, every_length_comes_back) {
  for (std::size_t bytes = 0; bytes <= kMailPayload; ++bytes) {
    Slot slot{};
    const Record record = record_of(bytes, bytes + 1);
    const auto payload = payload_of(bytes, 1);
    write_mail(bytes_of(slot), record, payload.data(), 77);
    ASSERT_LE(mail_bytes(record), kMailBytes);
    Letter letter;
    EXPECT_FALSE(read_mail(bytes_of(slot), 78, &letter));
    ASSERT_TRUE(read_mail(bytes_of(slot), 77, &letter));
    expect_letter(letter, record, payload);
    clear_mail(bytes_of(slot), record);
    EXPECT_EQ(slot, Slot{});
  }
}

// A device may place the words of a letter in any order: it is there with the last of them, and not
// before, whatever an older letter left behind.
TEST(Mail, words_may_arrive_in_any_order) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    const std::size_t bytes = random() % (kMailPayload + 1);
    const Record record = record_of(bytes, random());
    const auto payload = payload_of(bytes, static_cast<unsigned>(round));
    Slot sent{};
    write_mail(bytes_of(sent), record, payload.data(), 1000);
    Slot arrived{};
    if (round % 2 == 0) {
      const auto older = payload_of(kMailPayload, 9);
      write_mail(bytes_of(arrived), record_of(kMailPayload, 5), older.data(), 1000 - 32);
    }
    std::vector<std::size_t> order(mail_words(record));
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::shuffle(order.begin(), order.end(), random);
    Letter letter;
    for (const std::size_t word : order) {
      ASSERT_FALSE(read_mail(bytes_of(arrived), 1000, &letter));
      arrived[word] = sent[word];
    }
    ASSERT_TRUE(read_mail(bytes_of(arrived), 1000, &letter));
    expect_letter(letter, record, payload);
  }
}

// What a faulty peer writes must not be read beyond the slot.
TEST(Mail, a_length_beyond_the_slot_is_not_believed) {
  Slot slot{};
  Record record = record_of(kMailPayload, 1);
  const auto payload = payload_of(kMailPayload, 1);
  write_mail(bytes_of(slot), record, payload.data(), 7);
  record.payload_bytes = 65535;
  write_words(slot.data(), &record, 4, 7);
  Letter letter;
  EXPECT_TRUE(read_mail(bytes_of(slot), 7, &letter));
  EXPECT_EQ(letter.record.payload_bytes, 65535);
  clear_mail(bytes_of(slot), letter.record);
}

TEST(Spot, it_keeps_all_of_its_parts) {
  const Spot spot = Spot::of(16383, 1023, (std::uint64_t{1} << 40) - 8);
  EXPECT_EQ(spot.region(), 16383u);
  EXPECT_EQ(spot.generation(), 1023u);
  EXPECT_EQ(spot.offset(), (std::uint64_t{1} << 40) - 8);
}

}  // namespace
}  // namespace weft::verbs
