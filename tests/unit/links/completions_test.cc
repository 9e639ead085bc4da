#include "links/completions.h"

#include <gtest/gtest.h>

#include <memory>

namespace weft::links {
namespace {

TEST(Completions, CountsWhatWasAskedAndWhatHasCompleted) {
  Completions pool;
  const Completion puts = pool.take(1, 2);
  EXPECT_TRUE(puts.all_done());
  puts.asked(2, 1);
  EXPECT_TRUE(puts.done(0));
  EXPECT_FALSE(puts.done(1));
  EXPECT_EQ(puts.outstanding(1), 2u);
  *puts.word(1) += 2;
  EXPECT_TRUE(puts.all_done());
}

TEST(Completions, AWordOutlivesItsHandleUntilItIsRaised) {
  Completions pool;
  std::uint64_t* word = nullptr;
  {
    const Completion put = pool.take(1);
    put.asked();
    word = put.word();
  }
  EXPECT_EQ(pool.orphans(), 1u);
  const Completion other = pool.take(1);  // not the same word
  EXPECT_NE(other.word(), word);
  ++*word;
  EXPECT_TRUE(other.done());
  EXPECT_EQ(pool.take(1).word(), word);  // free again
  EXPECT_EQ(pool.orphans(), 0u);
}

TEST(Completions, WhatIsReadLivesUntilItHasLeft) {
  Completions pool;
  auto source = std::make_shared<int>(7);
  const std::weak_ptr<int> watched = source;
  std::uint64_t* word = nullptr;
  {
    const Completion put = pool.take(1);
    put.keep(std::move(source));
    put.asked();
    word = put.word();
  }
  EXPECT_FALSE(watched.expired());
  ++*word;
  (void)pool.take(1);
  EXPECT_TRUE(watched.expired());
}

TEST(Completions, APeerIsIdleOnceAllThatAnybodyAskedOfItIsDone) {
  Completions pool;
  const Completion mine = pool.take(1);
  EXPECT_TRUE(pool.idle(1));
  mine.asked();
  std::uint64_t* word = nullptr;
  {
    const Completion gone = pool.take(1, 3);
    gone.asked(1, 2);
    word = gone.word(2);
  }
  ++*mine.word();
  EXPECT_FALSE(pool.idle(1));  // the word whose handle has gone
  EXPECT_TRUE(pool.idle(2));
  ++*word;
  EXPECT_TRUE(pool.idle(1));
  mine.asked();
  pool.disconnected(1);
  EXPECT_TRUE(pool.idle(1));
}

TEST(Completions, ADisconnectedPeerOwesNothing) {
  Completions pool;
  auto source = std::make_shared<int>(7);
  const std::weak_ptr<int> watched = source;
  Completion held = pool.take(1);
  held.asked();
  {
    const Completion orphan = pool.take(1);
    orphan.keep(std::move(source));
    orphan.asked();
    const Completion another = pool.take(2);
    another.asked();
  }
  EXPECT_EQ(pool.orphans(), 2u);
  pool.disconnected(1);
  EXPECT_EQ(pool.orphans(), 1u);  // of peer 2
  EXPECT_TRUE(watched.expired());
  held = {};
  EXPECT_EQ(pool.orphans(), 1u);
}

TEST(Completions, ANewConnectionOfTheSamePeerIsAwaited) {
  Completions pool;
  pool.disconnected(1);
  {
    pool.take(1).asked();
  }
  EXPECT_EQ(pool.orphans(), 1u);
}

TEST(Completions, MovedHandlesCountOnce) {
  Completions pool;
  Completion first = pool.take(1);
  first.asked();
  Completion second = std::move(first);
  EXPECT_FALSE(first.valid());
  EXPECT_FALSE(second.done());
  second = pool.take(1);
  EXPECT_EQ(pool.orphans(), 1u);
}

}  // namespace
}  // namespace weft::links
