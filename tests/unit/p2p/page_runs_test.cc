#include "p2p/pages/page_runs.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <numeric>
#include <vector>

namespace weft::p2p {
namespace {

using Numbers = std::vector<std::uint32_t>;

std::vector<PageRun> runs_of(const Numbers& source, const Numbers& target, bool adjacent) {
  std::vector<PageRun> runs;
  find_runs(source, target, adjacent, &runs);
  return runs;
}

// Numbers with stretches that go up by one, as allocators of pages hand them out.
rc::Gen<Numbers> stretches(std::uint32_t limit) {
  const auto stretch =
      rc::gen::map(rc::gen::pair(rc::gen::inRange<std::uint32_t>(0, limit),
                                 rc::gen::inRange<std::uint32_t>(1, 9)),
                   [limit](std::pair<std::uint32_t, std::uint32_t> from) {
                     Numbers numbers;
                     for (std::uint32_t i = 0; i < from.second && from.first + i < limit; ++i)
                       numbers.push_back(from.first + i);
                     return numbers;
                   });
  return rc::gen::map(rc::gen::container<std::vector<Numbers>>(stretch),
                      [](const std::vector<Numbers>& all) {
                        Numbers flat;
                        for (const Numbers& part : all)
                          flat.insert(flat.end(), part.begin(), part.end());
                        return flat;
                      });
}

TEST(PageRuns, NeighboursAtBothEndsTravelTogether) {
  EXPECT_EQ(runs_of({4, 5, 6, 9}, {1, 2, 3, 4}, true),
            (std::vector<PageRun>{{4, 1, 3}, {9, 4, 1}}));
  EXPECT_EQ(runs_of({4, 5, 6}, {1, 2, 0}, true), (std::vector<PageRun>{{4, 1, 2}, {6, 0, 1}}));
  EXPECT_EQ(runs_of({6, 5, 4}, {6, 5, 4}, true).size(), 3U);
  EXPECT_EQ(runs_of({0, 0xFFFFFFFF}, {0, 0xFFFFFFFF}, true).size(), 2U);
  EXPECT_TRUE(runs_of({}, {}, true).empty());
}

TEST(PageRuns, PagesThatDoNotTouchTravelAlone) {
  EXPECT_EQ(runs_of({1, 2, 3}, {1, 2, 3}, false).size(), 3U);
}

RC_GTEST_PROP(PageRuns, AreTheSamePairsInTheSameOrderAndAsLongAsCanBe, ()) {
  constexpr std::uint32_t kLimit = 40;
  Numbers source = *stretches(kLimit);
  Numbers target = *stretches(kLimit);
  const std::size_t count = std::min(source.size(), target.size());
  source.resize(count);
  target.resize(count);
  const bool adjacent = *rc::gen::arbitrary<bool>();
  const std::vector<PageRun> runs = runs_of(source, target, adjacent);
  Numbers from, to;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    RC_ASSERT(runs[r].pages >= 1U);
    RC_ASSERT(adjacent || runs[r].pages == 1U);
    for (std::uint32_t i = 0; i < runs[r].pages; ++i) {
      from.push_back(runs[r].source + i);
      to.push_back(runs[r].target + i);
    }
    if (r == 0 || !adjacent) continue;
    const PageRun& last = runs[r - 1];
    RC_ASSERT(last.source + last.pages != runs[r].source ||
              last.target + last.pages != runs[r].target);
  }
  RC_ASSERT(from == source);
  RC_ASSERT(to == target);
}

RC_GTEST_PROP(PageWalk, CopiesEachPageOfEachLayerOnceInPiecesOfAnySize, ()) {
  const auto gap = rc::gen::inRange<std::uint64_t>(0, 3);
  const std::uint64_t bytes = *rc::gen::inRange<std::uint64_t>(1, 7);
  const auto layers = *rc::gen::inRange<std::uint32_t>(1, 5);
  constexpr std::uint32_t kPages = 12;
  const auto make = [&] {
    PageGrid grid{bytes, kPages, bytes + *gap, 0, layers};
    grid.layer_stride = kPages * grid.stride + *gap;
    return grid;
  };
  const PageGrid source = make(), target = make();
  const auto first = *rc::gen::inRange<std::uint32_t>(0, layers);
  const auto count = *rc::gen::inRange<std::uint32_t>(1, layers - first + 1);
  Numbers from = *stretches(kPages), to = *stretches(kPages);
  from.resize(std::min(from.size(), to.size()));
  to.resize(from.size());
  const bool adjacent = source.stride == bytes && target.stride == bytes;
  const std::vector<PageRun> runs = runs_of(from, to, adjacent);

  std::vector<std::pair<std::uint64_t, std::uint64_t>> expected, moved;
  for (std::uint32_t layer = first; layer < first + count; ++layer) {
    for (std::size_t i = 0; i < from.size(); ++i) {
      for (std::uint64_t b = 0; b < bytes; ++b)
        expected.emplace_back(source.offset(layer, from[i]) + b, target.offset(layer, to[i]) + b);
    }
  }
  PageWalk walk(source, target, first, count, runs);
  std::uint32_t ended = 0;
  while (!walk.finished()) {
    const std::uint64_t most = *rc::gen::inRange<std::uint64_t>(1, 40);
    const PagePiece piece = walk.next(most);
    RC_ASSERT(piece.bytes >= 1U);
    RC_ASSERT(piece.bytes <= most);
    for (std::uint64_t b = 0; b < piece.bytes; ++b)
      moved.emplace_back(piece.source + b, piece.target + b);
    RC_ASSERT(walk.passed() == moved.size() / bytes);
    if (piece.ends_layer) RC_ASSERT(moved.size() == ++ended * from.size() * bytes);
  }
  RC_ASSERT(moved == expected);
  RC_ASSERT(ended == (from.empty() ? 0 : count));
}

RC_GTEST_PROP(PageGrid, IsRefusedWherePagesOverlap, ()) {
  const auto small = rc::gen::inRange<std::uint64_t>(1, 6);
  PageGrid grid{*small, *small, *rc::gen::inRange<std::uint64_t>(0, 40),
                *rc::gen::inRange<std::uint64_t>(0, 40), *rc::gen::inRange<std::uint32_t>(1, 6)};
  std::uint64_t bytes = 0;
  const char* fault = fault_of(grid, &bytes);
  if (fault != nullptr) return;  // grids that interleave otherwise are refused too
  std::map<std::uint64_t, int> used;
  for (std::uint64_t layer = 0; layer < grid.layers; ++layer) {
    for (std::uint64_t page = 0; page < grid.pages; ++page) {
      for (std::uint64_t b = 0; b < grid.page_bytes; ++b) ++used[grid.offset(layer, page) + b];
    }
  }
  RC_ASSERT(used.size() == grid.layers * grid.pages * grid.page_bytes);
  RC_ASSERT(used.rbegin()->first + 1 == bytes);
}

TEST(PageGrid, TakesLayersOfPagesAndPagesOfLayers) {
  std::uint64_t bytes = 0;
  EXPECT_EQ(fault_of({100, 10, 128, 1280, 4}, &bytes), nullptr);
  EXPECT_EQ(bytes, 3 * 1280 + 9 * 128 + 100U);
  EXPECT_EQ(fault_of({100, 10, 400, 100, 4}, &bytes), nullptr);
  EXPECT_EQ(bytes, 4000U);
  EXPECT_NE(fault_of({100, 10, 399, 100, 4}, &bytes), nullptr);
  EXPECT_NE(fault_of({100, 10, 99, 1000, 1}, &bytes), nullptr);
  EXPECT_NE(fault_of({0, 10, 0, 0, 1}, &bytes), nullptr);
  EXPECT_NE(fault_of({1, 10, 1, 10, 0}, &bytes), nullptr);
  EXPECT_NE(fault_of({1, 1000, ~std::uint64_t{0} / 10, 1, 1}, &bytes), nullptr);
  EXPECT_EQ(fault_of({4096, 0, 4096, 0, 2}, &bytes), nullptr);
}

TEST(PageNumbers, TheFirstOutsideIsFound) {
  EXPECT_EQ(find_outside(Numbers{0, 9, 3}, 10), 3U);
  EXPECT_EQ(find_outside(Numbers{0, 10, 11}, 10), 1U);
  EXPECT_EQ(find_outside(Numbers{0}, 0), 0U);
  EXPECT_EQ(find_outside(Numbers{}, 0), 0U);
}

}  // namespace
}  // namespace weft::p2p
