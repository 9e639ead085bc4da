#include "p2p/area.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>

namespace weft::p2p {
namespace {

TEST(Area, PiecesThatAreInUseNeverOverlapAndLieInOnePart) {
  struct Piece {
    std::uint64_t begin, end, mark;
  };
  std::mt19937 random(3);
  for (const std::uint64_t size : {512u, 704u, 4096u}) {
    Area area(size);
    std::deque<Piece> used;
    int taken = 0;
    for (int step = 0; step < 20000; ++step) {
      const std::uint64_t bytes = 1 + random() % (size / 4);
      if (const auto offset = area.take(bytes)) {
        ++taken;
        ASSERT_EQ(*offset % kCacheLine, 0u);
        ASSERT_LE(*offset + bytes, size);
        for (const Piece& piece : used)
          ASSERT_TRUE(*offset + bytes <= piece.begin || piece.end <= *offset);
        used.push_back({*offset, *offset + bytes, area.mark()});
      } else {
        ASSERT_FALSE(used.empty()) << "no room in an empty area";
      }
      while (!used.empty() && random() % 3 == 0) {
        area.free_up_to(used.front().mark);
        used.pop_front();
      }
    }
    EXPECT_GT(taken, 5000);
  }
}

}  // namespace
}  // namespace weft::p2p
