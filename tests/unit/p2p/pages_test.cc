// A mover of pages over real transports in one process, in an order that the test chooses.
#include "p2p/pages/pages.h"

#include <gtest/gtest.h>

#include <cstring>
#include <numeric>
#include <vector>

#include "pair.h"

namespace weft::p2p {
namespace {

constexpr std::uint32_t kPages = 1000;
constexpr std::uint64_t kPageBytes = 2000;
constexpr PageGrid kGrid{kPageBytes, kPages, kPageBytes + 8, 0, 1};
constexpr std::uint64_t kWord = kPages * (kPageBytes + 8);

// Every second page, so that none touches another.
std::vector<std::uint32_t> even_pages() {
  std::vector<std::uint32_t> pages(kPages / 2);
  for (std::uint32_t i = 0; i < pages.size(); ++i) pages[i] = 2 * i;
  return pages;
}

class PageMoverTest : public testing::TestWithParam<const char*> {
 protected:
  PageMoverTest() { std::memset(pair.own(0), 1, kWord); }
  ~PageMoverTest() override {
    // As a communicator does: what is on its way ends before the memory does.
    mover.flush(this, std::chrono::seconds(5));
  }

  PageRequest request(bool writes) {
    PageRequest request;
    request.owner = this;
    request.peer = 1;
    request.writes = writes;
    request.own = pair.own(0);
    request.remote = pair.theirs(0);
    request.own_grid = request.remote_grid = kGrid;
    request.source = request.target = pages;
    request.signals = true;
    request.word = pair.theirs(0) + kWord;
    return request;
  }
  std::uint64_t word() {
    pair.progress();
    std::uint64_t value = 0;
    std::memcpy(&value, pair.own(1) + kWord, sizeof(value));
    return value;
  }
  // Until it has ended, and what it sent is there.
  void finish(PageTransfer* transfer) {
    while (!mover.done(transfer)) pair.progress();
    for (int i = 0; i < 1000; ++i) pair.progress();
  }
  std::uint64_t pages_there() {
    std::uint64_t there = 0;
    for (std::uint32_t page = 0; page < kPages; ++page) {
      const std::byte* at = pair.own(1) + kGrid.offset(0, page);
      there += at[0] == std::byte{1} && at[kPageBytes - 1] == std::byte{1} ? 1 : 0;
    }
    return there;
  }

  Pair pair{GetParam(), kWord + 8};
  PageMover mover{pair.end(0)};
  const std::vector<std::uint32_t> pages = even_pages();
};

TEST_P(PageMoverTest, NeverTellsBeforeAllIsThere) {
  PageTransfer* transfer = mover.start(request(true));
  EXPECT_EQ(mover.active, 1);
  while (word() == 0) {
    ASSERT_LE(pages_there(), kPages / 2);
    mover.poll();
  }
  EXPECT_EQ(pages_there(), kPages / 2);
  finish(transfer);
  EXPECT_EQ(word(), 1U);
  EXPECT_EQ(transfer->pages_gone(), kPages / 2);
  EXPECT_EQ(mover.active, 0);
  mover.forget(transfer);
}

TEST_P(PageMoverTest, TellsAReadOnceItsPagesAreHere) {
  std::memset(pair.own(1), 7, kWord);
  PageTransfer* transfer = mover.start(request(false));
  while (word() == 0) mover.poll();
  for (const std::uint32_t page : pages)
    ASSERT_EQ(pair.own(0)[kGrid.offset(0, page) + kPageBytes - 1], std::byte{7});
  EXPECT_EQ(pair.own(0)[kGrid.offset(0, 1)], std::byte{1});
  finish(transfer);
  mover.forget(transfer);
}

TEST_P(PageMoverTest, ACancelledOneSendsWhatItSaysAndIsNotTold) {
  for (const int moves : {0, 1, 2, 3}) {
    std::memset(pair.own(1), 0, kWord + 8);
    PageTransfer* transfer = mover.start(request(true));
    for (int i = 0; i < moves; ++i) mover.poll();
    const std::uint64_t gone = mover.cancel(transfer);
    finish(transfer);
    EXPECT_EQ(transfer->outcome.code, ErrorCode::ok);
    EXPECT_EQ(pages_there(), gone);
    EXPECT_EQ(word(), transfer->cancelled ? 0U : 1U);
    mover.forget(transfer);
  }
}

TEST_P(PageMoverTest, WhatNobodyHoldsGoesOnAndItsPlaceIsUsedAgain) {
  PageTransfer* first = mover.start(request(true));
  mover.forget(first);
  while (word() == 0) mover.poll();
  while (mover.active > 0) {
    mover.poll();
    pair.progress();
  }
  PageTransfer* second = mover.start(request(true));
  EXPECT_EQ(second, first);
  finish(second);
  EXPECT_EQ(word(), 2U);
  mover.forget(second);
}

TEST_P(PageMoverTest, APeerThatFailsEndsItsTransfers) {
  PageTransfer* transfer = mover.start(request(true));
  pair.end(0).fail_peer("it is gone");
  try {
    mover.wait(transfer, std::chrono::seconds(5));
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::peer_failed);
    EXPECT_NE(std::string(error.what()).find("rank 1 failed: it is gone"), std::string::npos)
        << error.what();
  }
  EXPECT_TRUE(mover.done(transfer));
  EXPECT_THROW(mover.start(request(true)), Error);
  mover.forget(transfer);
  // What the transport still completes, it completes in memory that is there.
  for (int i = 0; i < 1000; ++i) pair.progress();
}

INSTANTIATE_TEST_SUITE_P(Over, PageMoverTest, testing::Values("shm", "sim", "scarce"),
                         [](const auto& suite) { return std::string(suite.param); });

}  // namespace
}  // namespace weft::p2p
