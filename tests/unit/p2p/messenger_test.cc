// Two messengers in one process, moved on in every order.
#include "p2p/messages/messenger.h"

#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <random>

#include "pair.h"

namespace weft::p2p {
namespace {

struct MessengerTest : testing::TestWithParam<const char*> {};

std::vector<std::byte> pattern(std::size_t bytes, unsigned number) {
  std::vector<std::byte> data(bytes);
  for (std::size_t i = 0; i < bytes; ++i) data[i] = static_cast<std::byte>(i * 5 + number);
  return data;
}

// Messages of one side that are under way, and what the other receives them into.
struct Sent {
  std::vector<std::byte> data;
  int tag = 0;
  SendRequest* request = nullptr;
};
struct Wanted {
  std::vector<std::byte> data;
  ReceiveRequest* request = nullptr;
};

// Whatever the order of sends, receives and turns: all messages arrive, in order and whole.
TEST_P(MessengerTest, DeliversInOrderHoweverTheSidesTakeTurns) {
  for (unsigned seed = 1; seed <= 16; ++seed) {
    std::mt19937 random(seed);
    Pair pair(GetParam(), seed % 2 == 0 ? 1024 : 32768);
    std::unique_ptr<Messenger> side[2] = {pair.messenger(0, 4096), pair.messenger(1, 4096)};
    constexpr std::size_t kMost = 40000;
    constexpr int kMessages = 60;
    std::deque<Sent> sent[2];
    std::deque<Wanted> wanted[2];
    while (sent[0].size() + sent[1].size() + wanted[0].size() + wanted[1].size() < 4 * kMessages) {
      const unsigned who = random() % 2;
      switch (random() % 4) {
        case 0: {
          if (sent[who].size() == kMessages) break;
          const std::size_t bytes = random() % 3 == 0 ? random() % kMost : random() % 100;
          const auto number = static_cast<unsigned>(sent[who].size());
          Sent& message =
              sent[who].emplace_back(Sent{pattern(bytes, number), static_cast<int>(number % 5)});
          message.request = side[who]->start_send(message.data.data(), bytes,
                                                  static_cast<int>(1 - who), message.tag);
          break;
        }
        case 1: {
          if (wanted[who].size() == kMessages) break;
          Wanted& want = wanted[who].emplace_back(Wanted{std::vector<std::byte>(kMost)});
          want.request = side[who]->start_receive(
              want.data.data(), kMost, random() % 2 == 0 ? kAnySource : static_cast<int>(1 - who),
              kAnyTag);
          break;
        }
        default:
          side[who]->poll();
          pair.progress();
      }
    }
    for (int turns = 0; turns < 20000; ++turns) {
      side[0]->poll();
      side[1]->poll();
      pair.progress();
    }
    for (int who : {0, 1}) {
      for (int i = 0; i < kMessages; ++i) {
        Sent& message = sent[1 - who][static_cast<std::size_t>(i)];
        Wanted& want = wanted[who][static_cast<std::size_t>(i)];
        ASSERT_TRUE(side[1 - who]->test(message.request)) << "seed " << seed << " message " << i;
        ASSERT_TRUE(side[who]->test(want.request)) << "seed " << seed << " message " << i;
        ASSERT_EQ(want.request->received.bytes, message.data.size());
        ASSERT_EQ(want.request->received.tag, message.tag);
        want.data.resize(message.data.size());
        ASSERT_EQ(want.data, message.data);
        side[1 - who]->forget(message.request);
        side[who]->forget(want.request);
      }
    }
    EXPECT_EQ(side[0]->active + side[1]->active, 0);
  }
}

// A sender whose peer does not even look gets its thread back, and all arrives in the end.
TEST(Messenger, SendsDoNotWaitForRoomInAQueue) {
  constexpr unsigned kMessages = 100;
  Pair pair("scarce", 32768);
  std::unique_ptr<Messenger> side[2] = {pair.messenger(0), pair.messenger(1)};
  std::deque<Sent> sent;
  for (unsigned i = 0; i < kMessages; ++i) {
    constexpr std::size_t kSizes[] = {8, 300, 40000};
    Sent& message = sent.emplace_back(Sent{pattern(kSizes[i % 3], i), static_cast<int>(i)});
    message.request = side[0]->start_send(message.data.data(), message.data.size(), 1, message.tag);
  }
  for (Sent& message : sent) {
    Wanted want{std::vector<std::byte>(message.data.size())};
    want.request = side[1]->start_receive(want.data.data(), want.data.size(), 0, message.tag);
    while (!side[1]->test(want.request)) {
      side[0]->poll();
      pair.progress();
    }
    ASSERT_EQ(want.data, message.data);
    side[1]->forget(want.request);
  }
  for (Sent& message : sent) {
    EXPECT_TRUE(side[0]->test(message.request));
    side[0]->forget(message.request);
  }
  EXPECT_EQ(side[0]->active, 0);
}

TEST(Messenger, ASendThatFindsNoRoomEndsAtItsDeadlineAndStillArrives) {
  Pair pair("scarce", 32768);
  std::unique_ptr<Messenger> side[2] = {pair.messenger(0), pair.messenger(1)};
  const std::vector<std::byte> data = pattern(8, 1);
  pair.end(0).room = 0;
  pair.progress();
  try {
    side[0]->send(data.data(), data.size(), 1, 3, std::chrono::milliseconds(20));
    FAIL() << "it was sent";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::timeout) << error.what();
  }
  EXPECT_GT(side[0]->active, 0);  // somebody has to post it
  EXPECT_FALSE(side[0]->idle(1));
  pair.end(0).room = 1;
  pair.progress();
  side[0]->poll();
  EXPECT_EQ(side[0]->active, 0);
  EXPECT_TRUE(side[0]->idle(1));
  std::vector<std::byte> got(data.size());
  side[1]->receive(got.data(), got.size(), 0, 3, std::chrono::seconds(5));
  EXPECT_EQ(got, data);
}

TEST_P(MessengerTest, WhatIsGivenUpIsToldToTheOtherSide) {
  Pair pair(GetParam(), 16384);
  const auto a = pair.messenger(0), b = pair.messenger(1);
  const auto turn = [&] {
    for (int i = 0; i < 1000; ++i) {
      a->poll();
      b->poll();
      pair.progress();
    }
  };
  const auto data = pattern(100000, 1);
  std::vector<std::byte> got(100000);
  SendRequest* send = a->start_send(data.data(), data.size(), 1, 1);
  a->forget(send);
  ReceiveRequest* receive = b->start_receive(got.data(), got.size(), 0, 1);
  turn();
  EXPECT_THROW((void)b->test(receive), Error);
  b->forget(receive);
  // A receive that is gone before its message came leaves that to the next one.
  receive = b->start_receive(got.data(), got.size(), 0, 2);
  b->forget(receive);
  a->send(data.data(), 100, 1, 2, std::chrono::seconds(5));
  receive = b->start_receive(got.data(), got.size(), 0, 2);
  turn();
  EXPECT_TRUE(b->test(receive));
  b->forget(receive);
}

// As in the destructor of a request: the peer is to be told, and its connection has just ended.
TEST_P(MessengerTest, GivingUpWhereNobodyCanBeToldIsNoError) {
  Pair pair(GetParam(), 16384);
  const auto a = pair.messenger(0), b = pair.messenger(1);
  const auto data = pattern(100000, 1);
  std::vector<std::byte> got(100000);
  SendRequest* send = b->start_send(data.data(), data.size(), 0, 1);
  ReceiveRequest* receive = a->start_receive(got.data(), got.size(), 1, 1);
  while (receive->number == 0) {
    pair.progress();
    b->poll();
    a->poll();
  }
  pair.end(0).transport().disconnect(1);
  EXPECT_NO_THROW(a->forget(receive));
  pair.end(1).fail_peer("pulled out");
  pair.end(0).fail_peer("pulled out");
  b->forget(send);
}

TEST_P(MessengerTest, APeerThatIsGoneEndsItsRequests) {
  Pair pair(GetParam(), 16384);
  const auto a = pair.messenger(0);
  std::vector<std::byte> data(100000);
  SendRequest* send = a->start_send(data.data(), data.size(), 1, 1);
  ReceiveRequest* receive = a->start_receive(data.data(), 8, 1, 1);
  pair.end(0).fail_peer("pulled out");
  const auto ends = [&](auto* request) {
    try {
      while (!a->test(request)) {
      }
      return std::string("succeeded");
    } catch (const Error& error) {
      return std::string(error.what());
    }
  };
  EXPECT_NE(ends(send).find("pulled out"), std::string::npos);
  EXPECT_NE(ends(receive).find("pulled out"), std::string::npos);
  EXPECT_THROW(a->send(data.data(), 8, 1, 1, std::chrono::seconds(1)), Error);
  a->forget(send);
  a->forget(receive);
}

// A peer that writes nonsense into the mailbox is an error of its own messages, and nothing outside
// of what was asked for is touched.
TEST_P(MessengerTest, NonsenseInAMailboxIsAnErrorOfThatPeer) {
  std::mt19937 random(17);
  constexpr std::size_t kBytes = 2048;
  for (int round = 0; round < 1500; ++round) {
    Pair pair(GetParam(), kBytes);
    const auto messenger = pair.messenger(0, 4096);
    std::vector<std::byte> data(20000), guarded(20000);
    SendRequest* send = messenger->start_send(data.data(), data.size(), 1, 1);
    ReceiveRequest* receive = messenger->start_receive(guarded.data() + 64, 10000, 1, kAnyTag);
    std::byte* own = pair.own(0);
    for (std::uint32_t number = 1; number <= 8; ++number) {
      const SlotShape shape{8, kLinePayload};
      std::byte* slot = own + shape.slot_offset(number - 1);
      std::uint64_t words[8];
      for (auto& word : words) word = random() % 3 == 0 ? random() : random() % 8;
      const auto kind = static_cast<std::uint32_t>(random() % Flag::kKinds);
      words[0] =
          Flag{number, kind,
               random() % 2 == 0 ? static_cast<std::uint32_t>(random() % 49) : std::uint32_t{8}}
              .packed();
      if (random() % 2 == 0) words[1] = random() % 4;
      std::memcpy(slot, words, sizeof(words));
    }
    for (std::size_t i = 9 * 64; i < kBytes; ++i) own[i] = static_cast<std::byte>(random() % 4);
    for (int turn = 0; turn < 20; ++turn) {
      messenger->poll();
      pair.progress();
    }
    for (std::size_t i = 0; i < guarded.size(); ++i) {
      const bool asked_for = i >= 64 && i < 10064;
      ASSERT_TRUE(asked_for || guarded[i] == std::byte{0});
    }
    messenger->forget(send);
    messenger->forget(receive);
  }
}

// Of a mailbox of 2048 bytes.
constexpr std::size_t kSmallMailbox = 2048;
constexpr SlotShape kSmallShape{8, kLinePayload};

// What a peer would write to say this first.
void forge(std::byte* mailbox, Kind kind, std::uint32_t claimed, const void* payload,
           std::size_t bytes) {
  std::byte* slot = mailbox + kSmallShape.slot_offset(0);
  const std::uint64_t flag = Flag{1, static_cast<std::uint32_t>(kind), claimed}.packed();
  std::memcpy(slot + kHeaderBytes, payload, bytes);
  std::memcpy(slot, &flag, sizeof(flag));
}

// What it throws within some turns.
template <typename Request>
std::string failure_of(Messenger& messenger, Request* request) {
  try {
    for (int turn = 0; turn < 1000; ++turn) (void)messenger.test(request);
    return "nothing";
  } catch (const Error& error) {
    return std::string(name_of(error.code())) + ": " + error.what();
  }
}

TEST_P(MessengerTest, WhatClaimsMoreThanItsSlotHoldsIsRefused) {
  Pair pair(GetParam(), kSmallMailbox);
  const auto messenger = pair.messenger(0);
  std::vector<std::byte> got(kSmallMailbox), clean(kSmallMailbox);
  ReceiveRequest* receive = messenger->start_receive(got.data(), got.size(), 1, kAnyTag);
  const std::uint64_t word = 1;
  forge(pair.own(0), Kind::inlined, kLinePayload + 1, &word, sizeof(word));
  EXPECT_EQ(failure_of(*messenger, receive), "peer_failed: rank 1 sent 49 bytes in a slot of 48");
  EXPECT_EQ(got, clean);
  messenger->forget(receive);
  // Neither another receive nor a probe meets it again.
  EXPECT_FALSE(messenger->probe(kAnySource, kAnyTag));
  receive = messenger->start_receive(got.data(), got.size(), 1, kAnyTag);
  EXPECT_EQ(failure_of(*messenger, receive), "peer_failed: rank 1 sent 49 bytes in a slot of 48");
  messenger->forget(receive);
}

// A key is what the transport makes of it, and a mapped peer has none to give.
TEST_P(MessengerTest, AnAnswerWithAWayThatThePathDoesNotHaveIsRefused) {
  Pair pair(GetParam(), kSmallMailbox);
  const auto messenger = pair.messenger(0);
  std::vector<std::byte> data(100000);
  SendRequest* send = messenger->start_send(data.data(), data.size(), 1, 1);
  Accept accept;
  accept.sending = send->number;
  accept.way = pair.end(0).path(1).load_store ? Way::put : Way::reach;
  std::memcpy(pair.own(0) + kSmallShape.total(), &accept, sizeof(accept));
  const Piece piece{0, sizeof(accept)};
  forge(pair.own(0), Kind::accept, sizeof(piece), &piece, sizeof(piece));
  EXPECT_EQ(failure_of(*messenger, send),
            "peer_failed: an answer from rank 1 with a way that does not lead there");
  messenger->forget(send);
}

// Numbers begin at 1: 0 is that of every small message.
TEST_P(MessengerTest, SmallMessagesCannotBeAnswered) {
  Pair pair(GetParam(), kSmallMailbox);
  const auto messenger = pair.messenger(0);
  const std::vector<std::byte> data(8);
  std::vector<SendRequest*> sends;
  for (std::uint32_t i = 0; i < kSmallShape.slots + 2; ++i)
    sends.push_back(messenger->start_send(data.data(), data.size(), 1, 1));
  for (; sends.size() > 1; sends.erase(sends.begin())) {
    ASSERT_EQ(failure_of(*messenger, sends.front()), "nothing");
    messenger->forget(sends.front());
  }
  ASSERT_FALSE(sends.back()->begun);
  const Finish finish{0, Side::sender};
  forge(pair.own(0), Kind::refuse, sizeof(finish), &finish, sizeof(finish));
  EXPECT_EQ(failure_of(*messenger, sends.back()), "nothing");
  messenger->forget(sends.back());
}

TEST_P(MessengerTest, AQuestionForNothingIsRefused) {
  Pair pair(GetParam(), kSmallMailbox);
  const auto messenger = pair.messenger(0);
  std::byte byte{};
  ReceiveRequest* receive = messenger->start_receive(&byte, 1, 1, kAnyTag);
  const Ask ask;
  forge(pair.own(0), Kind::ask, sizeof(ask), &ask, sizeof(ask));
  EXPECT_EQ(failure_of(*messenger, receive), "peer_failed: rank 1 asks what to do with 0 bytes");
  messenger->forget(receive);
}

INSTANTIATE_TEST_SUITE_P(Over, MessengerTest, testing::Values("shm", "sim", "scarce"),
                         [](const auto& subject) { return std::string(subject.param); });

}  // namespace
}  // namespace weft::p2p
