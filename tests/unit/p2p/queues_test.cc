// One-sided access and channels over a transport whose queue stays full: an error at the deadline,
// and nothing lost or doubled.
#include <gtest/gtest.h>
#include <weft/error.h>

#include <cstring>
#include <functional>

#include "p2p/access.h"
#include "p2p/rings/channel_end.h"
#include "pair.h"

namespace weft::p2p {
namespace {

constexpr std::size_t kBytes = 4096;

struct FullQueue : testing::Test {
  FullQueue() : pair("scarce", kBytes) {
    pair.end(0).patient_for = std::chrono::milliseconds(20);
    leave_room(0);
  }
  void leave_room(std::uint64_t puts) {
    pair.end(0).room = puts;
    pair.progress();
  }
  void expect_timeout(const std::function<void()>& call) {
    try {
      call();
      ADD_FAILURE() << "it found room";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::timeout) << error.what();
    }
  }
  Pair pair;
};

TEST_F(FullQueue, APutEndsAtTheDeadlineAndWritesNothing) {
  Access access(pair.end(0));
  const Remote remote{pair.theirs(0), kBytes};
  const std::uint64_t value = 7;
  const auto put = [&] {
    access.put(1, remote, 8, &value, sizeof(value), 0, 1, transport::SignalOp::add);
  };
  expect_timeout(put);
  EXPECT_TRUE(access.idle());
  leave_room(1);
  put();
  access.flush(std::chrono::seconds(5));
  std::uint64_t words[2];
  pair.progress();
  std::memcpy(words, pair.own(1), sizeof(words));
  EXPECT_EQ(words[0], 1u);
  EXPECT_EQ(words[1], 7u);
}

TEST_F(FullQueue, AChannelSendsOnceWhatItCommitted) {
  const SlotShape shape{4, 48};
  ChannelEnd from(pair.end(0), 1, shape, pair.own(0), pair.theirs(0));
  ChannelEnd to(pair.end(1), 0, shape, pair.own(1), pair.theirs(1));
  const auto commit = [&](std::uint32_t number) {
    std::memcpy(from.acquire(std::chrono::milliseconds(20)), &number, sizeof(number));
    from.commit(sizeof(number), number);
  };
  expect_timeout([&] { commit(1); });
  expect_timeout([&] { commit(2); });  // no slot before the first has left
  leave_room(1);
  commit(2);
  for (std::uint32_t number : {1u, 2u}) {
    const Channel::Slot slot = to.receive(std::chrono::seconds(5));
    EXPECT_EQ(slot.label, number);
    to.release();
  }
}

}  // namespace
}  // namespace weft::p2p
