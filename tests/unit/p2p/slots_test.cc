#include "p2p/rings/slots.h"

#include <gtest/gtest.h>

namespace weft::p2p {
namespace {

TEST(Slots, ASmallSlotIsOneLineWithItsHeader) {
  for (const std::uint32_t bytes : {1u, 8u, 48u}) {
    const SlotShape shape{4, bytes};
    EXPECT_EQ(shape.stride(), kCacheLine);
    for (std::uint32_t slot = 0; slot < 4; ++slot) {
      EXPECT_EQ(shape.slot_offset(slot) / kCacheLine,
                (shape.slot_offset(slot) + kHeaderBytes + bytes - 1) / kCacheLine);
    }
  }
}

TEST(Slots, PayloadsOfLargerOnesBeginALineAndNothingOverlaps) {
  for (const std::uint32_t bytes : {49u, 64u, 65u, 1000u, 65536u}) {
    const SlotShape shape{5, bytes};
    std::size_t end = kCacheLine;  // of the line in front
    for (std::uint32_t slot = 0; slot < 6; ++slot) {
      const std::size_t begin = shape.slot_offset(slot);
      EXPECT_GE(begin, end);
      EXPECT_EQ((begin + kHeaderBytes) % kCacheLine, 0u);
      end = begin + kHeaderBytes + bytes;
    }
    EXPECT_LE(end, shape.total());
  }
}

TEST(Slots, FlagsKeepWhatTheySay) {
  for (const std::uint32_t number : {0u, 1u, 0xFFFFFFFFu}) {
    for (const std::uint32_t kind : {0u, Flag::kKinds - 1}) {
      for (const std::uint32_t bytes : {0u, 1u, kMaxSlotBytes}) {
        for (const bool home : {false, true}) {
          const Flag flag = Flag::unpack(Flag{number, kind, bytes, home}.packed());
          EXPECT_EQ(flag.number, number);
          EXPECT_EQ(flag.kind, kind);
          EXPECT_EQ(flag.bytes, bytes);
          EXPECT_EQ(flag.home, home);
        }
      }
    }
  }
}

}  // namespace
}  // namespace weft::p2p
