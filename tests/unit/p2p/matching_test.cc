#include "p2p/messages/matching.h"

#include <gtest/gtest.h>

namespace weft::p2p {
namespace {

ReceiveRequest wants(int source, int tag) {
  ReceiveRequest request;
  request.source = source;
  request.tag = tag;
  return request;
}

Unexpected message(int tag, std::size_t bytes = 8) {
  Unexpected result;
  result.tag = tag;
  result.bytes.resize(bytes);
  return result;
}

TEST(Matching, TheFirstPostedThatFitsTakesAMessage) {
  Matching matching(3, 1000);
  ReceiveRequest a = wants(1, 5), b = wants(kAnySource, kAnyTag), c = wants(1, 5);
  for (ReceiveRequest* request : {&a, &b, &c}) matching.post(request);
  EXPECT_EQ(matching.match(2, 5), &b);
  EXPECT_EQ(matching.match(2, 5), nullptr);
  EXPECT_EQ(matching.match(1, 6), nullptr);
  EXPECT_EQ(matching.match(1, 5), &a);
  EXPECT_EQ(matching.match(1, 5), &c);
  EXPECT_FALSE(matching.any_posted());
}

TEST(Matching, AnyTagMeansNoneOfTheLibrarysOwn) {
  Matching matching(2, 1000);
  ReceiveRequest any = wants(1, kAnyTag);
  matching.post(&any);
  EXPECT_EQ(matching.match(1, kFirstOwnTag), nullptr);
  matching.keep(1, message(kFirstOwnTag));
  EXPECT_EQ(matching.find(kAnySource, kAnyTag).source, -1);
  EXPECT_EQ(matching.find(1, kFirstOwnTag).source, 1);
}

TEST(Matching, WhatIsWithdrawnTakesNothing) {
  Matching matching(2, 1000);
  ReceiveRequest request = wants(1, 1);
  matching.post(&request);
  EXPECT_TRUE(matching.withdraw(&request));
  EXPECT_FALSE(matching.withdraw(&request));
  EXPECT_EQ(matching.match(1, 1), nullptr);
}

TEST(Matching, MessagesAreKeptInOrderAndUpToALimit) {
  Matching matching(2, 300);
  EXPECT_TRUE(matching.has_room(1, 100000)) << "a first one can always be kept";
  matching.keep(1, message(7, 100));
  matching.keep(1, message(8, 40));
  EXPECT_FALSE(matching.has_room(1, 40));
  EXPECT_TRUE(matching.has_room(0, 40)) << "each sender has a limit of its own";
  EXPECT_NE(matching.describe_unexpected(1).find("2 messages"), std::string::npos);
  EXPECT_EQ(matching.take(matching.find(1, kAnyTag)).tag, 7);
  EXPECT_TRUE(matching.has_room(1, 40));
  EXPECT_EQ(matching.find(1, 7).source, -1);
  EXPECT_EQ(matching.take(matching.find(1, 8)).tag, 8);
  EXPECT_EQ(matching.describe_unexpected(1), "");
}

TEST(Matching, AnySourceTakesFromRanksInTurn) {
  Matching matching(4, 10000);
  for (int source : {1, 2, 3}) {
    for (int i = 0; i < 2; ++i) matching.keep(source, message(source));
  }
  std::vector<int> sources;
  for (int i = 0; i < 6; ++i) {
    const Matching::Found found = matching.find(kAnySource, kAnyTag);
    sources.push_back(found.source);
    matching.take(found);
  }
  EXPECT_EQ(sources, (std::vector<int>{1, 2, 3, 1, 2, 3}));
}

}  // namespace
}  // namespace weft::p2p
