// What engines are described by: it comes back as it was, and whatever is wrong with it is said.
#include "engine/address.h"

#include <gtest/gtest.h>

#include <random>

#include "base/blob.h"
#include "base/error.h"
#include "engine/sealed.h"
#include "engine/segment_layout.h"

namespace weft::engine {
namespace {

transport::MemoryKey key_of(std::uint32_t bytes) {
  transport::MemoryKey key;
  key.size = bytes;
  for (std::uint32_t i = 0; i < bytes && i < sizeof(key.bytes); ++i)
    key.bytes[i] = static_cast<std::byte>(i + 1);
  return key;
}

Address an_address() {
  return {"decode-3",
          0x123456789abcdef1,
          77,
          65,
          65536,
          {{"one", 100, {std::byte{1}, std::byte{2}}}, {"two", -5, {}}},
          {{"one", key_of(56)}, {"two", key_of(0)}}};
}

PagesOffer some_pages() {
  PagesOffer pages;
  pages.shape = p2p::shape_of({.page_bytes = 100, .pages = 7, .layers = 2, .counters = 3});
  pages.memory = {5, pages.shape.bytes, {{"one", key_of(60)}}};
  return pages;
}

ErrorCode code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::ok;
}

TEST(Addresses, ComeBackAsTheyWere) {
  const Address sent = an_address();
  const Address got = unpack_address(pack(sent));
  EXPECT_EQ(got.name, sent.name);
  EXPECT_EQ(got.incarnation, sent.incarnation);
  EXPECT_EQ(got.epoch, sent.epoch);
  EXPECT_EQ(got.numbers, sent.numbers);
  EXPECT_EQ(got.mailbox_bytes, sent.mailbox_bytes);
  ASSERT_EQ(got.ways.size(), 2u);
  EXPECT_EQ(got.ways[0].address, sent.ways[0].address);
  EXPECT_EQ(got.ways[1].priority, -5);
  ASSERT_EQ(got.segment.size(), 2u);
  EXPECT_EQ(got.segment[0].key.size, 56u);
  EXPECT_EQ(got.segment[0].key.bytes[55], std::byte{56});
}

TEST(Addresses, OfMemoryAndPagesComeBackAsTheyWere) {
  const PagesOffer pages = unpack_pages(pack(some_pages()));
  EXPECT_EQ(pages.shape.layout.pages, 7u);
  EXPECT_EQ(pages.shape.layout.stride, 100u);
  EXPECT_EQ(pages.shape.layout.counters, 3);
  EXPECT_EQ(pages.memory.bytes, some_pages().shape.bytes);
  const MemoryOffer memory = unpack_memory(pack(MemoryOffer{9, 4096, {{"two", key_of(4)}}}));
  EXPECT_EQ(memory.incarnation, 9u);
  EXPECT_EQ(memory.keys[0].transport, "two");
}

TEST(Addresses, AreRefusedWhereverAByteIsWrong) {
  const Blob good = pack(an_address());
  for (std::size_t at = 0; at < good.size(); ++at) {
    Blob bad = good;
    bad[at] ^= std::byte{0x40};
    const ErrorCode code = code_of([&] { unpack_address(bad); });
    EXPECT_TRUE(code == ErrorCode::invalid_argument || code == ErrorCode::mismatch) << at;
  }
}

TEST(Addresses, AreRefusedWhereverTheyAreCut) {
  const Blob good = pack(an_address());
  for (std::size_t length = 0; length < good.size(); ++length) {
    const std::span<const std::byte> part(good.data(), length);
    EXPECT_EQ(code_of([&] { unpack_address(part); }), ErrorCode::invalid_argument) << length;
  }
  Blob longer = good;
  longer.resize(longer.size() + 1);  // GCC 14 errs about push_back()
  EXPECT_EQ(code_of([&] { unpack_address(longer); }), ErrorCode::invalid_argument);
}

// Whole, with a checksum that is right, and still nonsense.
TEST(Addresses, ThatMakeNoSenseAreRefused) {
  const auto refused = [](const auto& change) {
    Address address = an_address();
    change(address);
    EXPECT_EQ(code_of([&] { unpack_address(pack(address)); }), ErrorCode::invalid_argument);
  };
  refused([](Address& a) { a.name.clear(); });
  refused([](Address& a) { a.name = std::string(201, 'x'); });
  refused([](Address& a) { a.incarnation = 0; });
  refused([](Address& a) { a.numbers = 1; });
  refused([](Address& a) { a.numbers = kMostPeers + 2; });
  refused([](Address& a) { a.segment[0].key.size = 61; });
  refused([](Address& a) { a.ways.resize(65); });
  PagesOffer pages = some_pages();
  pages.memory.bytes -= 64;
  EXPECT_EQ(code_of([&] { unpack_pages(pack(pages)); }), ErrorCode::invalid_argument);
}

TEST(Addresses, WithARightChecksumAndRandomBytesAreErrorsAtMost) {
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    Blob body(random() % 300);
    for (std::byte& byte : body) byte = static_cast<std::byte>(random() % 4 == 0 ? random() : 0);
    for (const Content content : {Content::address, Content::memory, Content::pages}) {
      const Blob sealed = seal(content, body);
      const ErrorCode code = code_of([&] {
        if (content == Content::address) unpack_address(sealed);
        if (content == Content::memory) unpack_memory(sealed);
        if (content == Content::pages) unpack_pages(sealed);
      });
      EXPECT_TRUE(code == ErrorCode::ok || code == ErrorCode::invalid_argument ||
                  code == ErrorCode::mismatch);
    }
  }
}

TEST(Segments, KeepTheirPartsApart) {
  for (const std::size_t numbers : {2u, 65u, 4097u}) {
    const SegmentLayout layout{numbers, 4096};
    EXPECT_GE(layout.hello_offset(0), kCacheLine);
    EXPECT_EQ(layout.door_offset(0), layout.hello_offset(layout.hellos()));
    EXPECT_EQ(layout.mailbox_offset(0) % kCacheLine, 0u);
    EXPECT_EQ(layout.mailbox_offset(0), layout.door_offset(numbers));
    EXPECT_EQ(layout.total(), layout.mailbox_offset(numbers - 1) + 4096);
  }
}

TEST(Segments, WordsNameTheirWriter) {
  const std::uint64_t one = 0x1234567812345678, other = 0x1234567812355678;
  EXPECT_TRUE(is_signed_by(signed_by(one, 7), one));
  EXPECT_FALSE(is_signed_by(signed_by(one, 7), other));
  EXPECT_FALSE(is_signed_by(0, one));
  EXPECT_EQ(signed_by(one, 7) & 0xffff, 7u);
}

}  // namespace
}  // namespace weft::engine
