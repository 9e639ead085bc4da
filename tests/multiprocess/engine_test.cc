// Engines of different processes: how they meet, what they move, and how they part.
#include <gtest/gtest.h>
#include <signal.h>

#include <cstring>
#include <numeric>

#include "support/other_process.h"
#include "support/ranks.h"

namespace weft::testing {
namespace {

using namespace std::chrono_literals;
using Numbers = std::vector<std::uint32_t>;

EngineOptions named(const std::string& name, std::chrono::nanoseconds timeout = 20s) {
  EngineOptions options;
  options.name = name;
  options.timeout = timeout;
  return options;
}

// Adds the engine at the other end of the line, which does the same.
int meet(Engine& engine, SideChannel& line) {
  line.send(engine.address());
  const int peer = engine.add_peer(line.receive());
  engine.wait_up(peer);
  return peer;
}

PeerEvent await_event(Engine& engine, bool up) {
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (std::chrono::steady_clock::now() < deadline) {
    const auto event = engine.next_event();
    if (event && event->up == up) return *event;
  }
  throw std::runtime_error("no event");
}

std::vector<std::uint32_t> words(std::size_t count, std::uint32_t first) {
  std::vector<std::uint32_t> all(count);
  std::iota(all.begin(), all.end(), first);
  return all;
}

void exchange_messages(Engine& engine, int peer, bool first) {
  for (const std::size_t count :
       {std::size_t{1}, std::size_t{100}, std::size_t{10'000}, std::size_t{500'000}}) {
    const auto mine = words(count, first ? 1 : 2);
    std::vector<std::uint32_t> theirs(count);
    Request send = engine.send_async(mine.data(), 4 * count, peer, 5);
    const Received got = engine.recv(theirs.data(), 4 * count, kAnySource, 5);
    send.wait();
    require(got.source == peer && got.bytes == 4 * count, "another message");
    require(theirs == words(count, first ? 2 : 1), "other bytes");
  }
}

void exchange_memory(Engine& engine, int peer, SideChannel& line, bool first) {
  constexpr std::size_t kBytes = 100'000;
  EngineMemory memory = engine.allocate(kBytes + 64);
  line.send(memory.key());
  PeerMemory theirs = engine.import_memory(peer, line.receive());
  require(theirs.bytes() == kBytes + 64, "another size");
  const auto mine = words(kBytes / 4, first ? 10 : 20);
  theirs.put_signal(0, mine.data(), kBytes, kBytes, 1, Signal::add);
  memory.wait_at_least(kBytes, 1, peer);
  theirs.flush();
  require(std::memcmp(memory.data(), words(kBytes / 4, first ? 20 : 10).data(), kBytes) == 0,
          "other bytes were put");
  std::vector<std::uint32_t> back(kBytes / 4);
  theirs.get(0, back.data(), kBytes);
  theirs.flush();
  require(back == mine, "other bytes were got");
  expect_error(ErrorCode::invalid_argument, "outside",
               [&] { theirs.put(kBytes, mine.data(), 65); });
  // Nobody lets go of memory before both are done.
  std::byte done{1};
  engine.send(&done, 1, peer, 6);
  engine.recv(&done, 1, peer, 6);
}

void exchange_pages(Engine& engine, int peer, SideChannel& line, bool first) {
  EnginePages pages = engine.open_pages({.page_bytes = 1000, .pages = 50, .layers = 3});
  line.send(pages.key());
  PeerPages theirs = engine.import_pages(peer, line.receive());
  require(theirs.layout().pages == 50 && theirs.peer() == peer, "another pool");
  const std::uint8_t fill = first ? 7 : 9;
  for (int layer = 0; layer < 3; ++layer) std::memset(pages.page(layer, 0), fill, 10 * 1000);
  Numbers from(10), to(10);
  std::iota(from.begin(), from.end(), 0);
  std::iota(to.begin(), to.end(), 20);
  PageTicket ticket = pages.write_pages(theirs, from, to, {.counter = 3});
  pages.wait_counter(3, 1, peer);
  ticket.wait();
  require(ticket.pages_gone() == 30, "other pages went");
  const auto* page = static_cast<const std::uint8_t*>(pages.page(2, 29));
  require(page[0] == (first ? 9 : 7) && page[999] == page[0], "other bytes were written");
  require(static_cast<const std::uint8_t*>(pages.page(2, 30))[0] == 0, "a page too many");
  PageTicket read = pages.read_pages(theirs, Numbers{5}, Numbers{40});
  read.wait();
  require(*static_cast<const std::uint8_t*>(pages.page(1, 40)) == (first ? 9 : 7), "read wrong");
  expect_error(ErrorCode::invalid_argument, "page 50",
               [&] { pages.write_pages(theirs, Numbers{0}, Numbers{50}); });
  std::byte done{1};
  engine.send(&done, 1, peer, 6);
  engine.recv(&done, 1, peer, 6);
}

TEST(Engines, MeetAndMoveEverythingThereIs) {
  OtherProcess other([](SideChannel& line) {
    Engine engine = Engine::create(named("b"));
    const int peer = meet(engine, line);
    exchange_messages(engine, peer, false);
    exchange_memory(engine, peer, line, false);
    exchange_pages(engine, peer, line, false);
    line.hear();
  });
  Engine engine = Engine::create(named("a"));
  const int peer = meet(engine, other.line());
  EXPECT_EQ(engine.state(peer), PeerState::up);
  const PeerEvent event = await_event(engine, true);
  EXPECT_EQ(event.peer, peer);
  EXPECT_EQ(event.name, "b");
  EXPECT_NE(engine.describe(peer).find("peer 'b' over "), std::string::npos);
  exchange_messages(engine, peer, true);
  exchange_memory(engine, peer, other.line(), true);
  exchange_pages(engine, peer, other.line(), true);
  other.line().tell();
  EXPECT_TRUE(other.join());
}

TEST(Engines, RefuseWhatIsNoAddress) {
  Engine engine = Engine::create(named("a"));
  const OpaqueBytes own = engine.address();
  expect_error(ErrorCode::invalid_argument, "own address", [&] { engine.add_peer(own); });
  expect_error(ErrorCode::invalid_argument, "not an engine's address",
               [&] { engine.add_peer({}); });
  const OpaqueBytes zeros(own.size());
  expect_error(ErrorCode::invalid_argument, "not an engine's address",
               [&] { engine.add_peer(zeros); });
  expect_error(ErrorCode::invalid_argument, "damaged",
               [&] { engine.add_peer(std::span(own).first(own.size() - 1)); });
  OpaqueBytes other_format = own;
  other_format[8] = std::byte{99};
  expect_error(ErrorCode::mismatch, "another version", [&] { engine.add_peer(other_format); });
  EngineMemory memory = engine.allocate(64);
  expect_error(ErrorCode::invalid_argument, "not an engine's address",
               [&] { engine.add_peer(memory.key()); });
  EXPECT_EQ(engine.state(1), PeerState::absent);
  expect_error(ErrorCode::invalid_argument, "no peer 1", [&] { engine.remove_peer(1); });
  expect_error(ErrorCode::invalid_argument, "no peer 7", [&] { engine.send("", 0, 7); });
}

// What the old incarnation and the new one do in the next test.
void serve(SideChannel& line, const std::string& name) {
  Engine engine = Engine::create(named(name));
  EngineMemory memory = engine.allocate(4096);
  EnginePages pages = engine.open_pages({.page_bytes = 1 << 20, .pages = 200});
  const int peer = meet(engine, line);
  line.send(memory.key());
  line.send(pages.key());
  std::uint64_t word = 0;
  engine.recv(&word, sizeof(word), peer);
  engine.send(&word, sizeof(word), peer);
  line.hear();
}

TEST(Engines, APeerThatDiesAndIsStartedAgainComesBackUnderItsNumber) {
  OtherProcess old([](SideChannel& line) { serve(line, "b"); });
  OtherProcess bystander([](SideChannel& line) { serve(line, "c"); });
  // Forked before this process has anything that a fork would share.
  OtherProcess reborn([](SideChannel& line) {
    line.hear();
    serve(line, "b");
  });
  Engine engine = Engine::create(named("a"));
  EnginePages pages = engine.open_pages({.page_bytes = 1 << 20, .pages = 200});
  old.line().send(engine.address());
  const OpaqueBytes old_address = old.line().receive();
  const int peer = engine.add_peer(old_address);
  engine.wait_up(peer);
  EXPECT_EQ(engine.add_peer(old_address), peer) << "it is there already";
  const int other = meet(engine, bystander.line());
  EXPECT_NE(other, peer);

  const OpaqueBytes old_key = old.line().receive();
  PeerMemory memory = engine.import_memory(peer, old_key);
  PeerPages there = engine.import_pages(peer, old.line().receive());
  Numbers all(200);
  std::iota(all.begin(), all.end(), 0);
  PageTicket ticket = pages.write_pages(there, all, all, {.counter = 0});
  std::uint64_t word = 0;
  Request waiting = engine.recv_async(&word, sizeof(word), peer);
  old.signal(SIGKILL);

  await_event(engine, true);
  await_event(engine, true);
  const PeerEvent down = await_event(engine, false);
  EXPECT_EQ(down.peer, peer);
  EXPECT_EQ(down.code, ErrorCode::peer_failed);
  EXPECT_FALSE(down.reason.empty());
  EXPECT_EQ(engine.state(peer), PeerState::down);
  EXPECT_THROW(waiting.wait(), Error);
  try {
    ticket.wait();  // it may all have gone before
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::peer_failed);
    EXPECT_NE(std::string(error.what()).find("'b'"), std::string::npos) << error.what();
  }
  expect_error(ErrorCode::peer_failed, "'b'", [&] { memory.put(0, &word, 8); });
  expect_error(ErrorCode::peer_failed, "'b'", [&] { engine.send(&word, 8, peer); });
  expect_error(ErrorCode::peer_failed, "'b'", [&] { engine.wait_up(peer); });

  reborn.line().tell();
  EXPECT_EQ(meet(engine, reborn.line()), peer);
  expect_error(ErrorCode::mismatch, "earlier incarnation", [&] { engine.add_peer(old_address); });
  expect_error(ErrorCode::mismatch, "earlier incarnation",
               [&] { engine.import_memory(peer, old_key); });
  expect_error(ErrorCode::peer_failed, "another incarnation", [&] { memory.put(0, &word, 8); });
  expect_error(ErrorCode::peer_failed, "another incarnation",
               [&] { pages.write_pages(there, all, all); });
  for (const auto& [to, line] : {std::pair{peer, &reborn.line()}, {other, &bystander.line()}}) {
    word = 77;
    engine.send(&word, sizeof(word), to);
    word = 0;
    engine.recv(&word, sizeof(word), to);
    EXPECT_EQ(word, 77u);
    line->tell();
  }
  EXPECT_TRUE(reborn.join());
  EXPECT_TRUE(bystander.join());
}

TEST(Engines, RemovedPeersGetEverythingFirstAndMayComeBack) {
  OtherProcess other([](SideChannel& line) {
    Engine engine = Engine::create(named("b"));
    for (int round = 0; round < 3; ++round) {
      const int peer = meet(engine, line);
      require(peer == 1, "another number");
      line.hear();
      for (int i = 0; i < 100; ++i) {
        std::vector<std::uint32_t> got(20'000);
        engine.recv(got.data(), 80'000, peer, i);
        require(got == words(20'000, static_cast<std::uint32_t>(i)), "other bytes");
      }
      const PeerEvent event = await_event(engine, false);
      require(!event.reason.empty(), "no reason");
    }
  });
  Engine engine = Engine::create(named("a"));
  for (int round = 0; round < 3; ++round) {
    const int peer = meet(engine, other.line());
    EXPECT_EQ(peer, 1);
    std::vector<std::vector<std::uint32_t>> data;
    std::vector<Request> requests;
    for (int i = 0; i < 100; ++i) {
      data.push_back(words(20'000, static_cast<std::uint32_t>(i)));
      requests.push_back(engine.send_async(data.back().data(), 80'000, peer, i));
    }
    other.line().tell();
    engine.remove_peer(peer);
    for (Request& request : requests) EXPECT_TRUE(request.test());
    EXPECT_EQ(engine.state(peer), PeerState::absent);
  }
  EXPECT_TRUE(other.join());
}

TEST(Engines, APeerThatTakesNothingIsRemovedAllTheSame) {
  OtherProcess other([](SideChannel& line) {
    Engine engine = Engine::create(named("b"));
    meet(engine, line);
    line.hear();
  });
  Engine engine = Engine::create(named("a"));
  const int peer = meet(engine, other.line());
  other.signal(SIGSTOP);
  const std::vector<std::byte> much(std::size_t{4} << 20);
  Request request = engine.send_async(much.data(), much.size(), peer);
  expect_error(ErrorCode::timeout, "removed all the same",
               [&] { engine.remove_peer(peer, 200ms); });
  expect_error(ErrorCode::peer_failed, "removed", [&] { request.wait(); });
  EXPECT_EQ(engine.state(peer), PeerState::absent);
  other.signal(SIGKILL);
}

// Its file is stale: nobody is there, or it never adds this engine.
TEST(Engines, APeerThatNeverAnswersDelaysNobody) {
  OtherProcess silent([](SideChannel& line) {
    Engine engine = Engine::create(named("silent"));
    line.send(engine.address());
    line.hear();
  });
  OtherProcess other([](SideChannel& line) {
    Engine engine = Engine::create(named("b"));
    const int peer = meet(engine, line);
    std::uint64_t word = 1;
    while (word != 0) {
      engine.recv(&word, sizeof(word), peer);
      engine.send(&word, sizeof(word), peer);
    }
    line.hear();
  });
  Engine engine = Engine::create(named("a", 2s));
  const int peer = meet(engine, other.line());
  const int nobody = engine.add_peer(silent.line().receive());
  EXPECT_EQ(engine.state(nobody), PeerState::connecting);
  std::uint64_t word = 0;
  expect_error(ErrorCode::peer_failed, "not up yet", [&] { engine.send(&word, 8, nobody); });
  int rounds = 0;
  std::optional<PeerEvent> down;
  while (!down || down->up) {
    word = 1;
    engine.send(&word, sizeof(word), peer);
    engine.recv(&word, sizeof(word), peer);
    ++rounds;
    down = engine.next_event();
  }
  EXPECT_EQ(down->peer, nobody);
  EXPECT_EQ(down->code, ErrorCode::timeout);
  EXPECT_GT(rounds, 2);  // on a busy machine a few dozen
  word = 0;
  engine.send(&word, sizeof(word), peer);
  engine.recv(&word, sizeof(word), peer);
  engine.remove_peer(nobody);
  silent.line().tell();
  other.line().tell();
  EXPECT_TRUE(silent.join());
  EXPECT_TRUE(other.join());
}

TEST(Engines, ThereAreNoMorePeersThanAskedFor) {
  OtherProcess others([](SideChannel& line) {
    Engine b = Engine::create(named("b"));
    Engine c = Engine::create(named("c"));
    line.send(b.address());
    line.send(c.address());
    line.hear();
  });
  EngineOptions options = named("a");
  options.max_peers = 1;
  Engine engine = Engine::create(options);
  EXPECT_EQ(engine.add_peer(others.line().receive()), 1);
  const OpaqueBytes second = others.line().receive();
  expect_error(ErrorCode::no_resources, "max_peers = 1", [&] { engine.add_peer(second); });
  engine.remove_peer(1);
  EXPECT_EQ(engine.add_peer(second), 1);
  others.line().tell();
  EXPECT_TRUE(others.join());
}

TEST(Engines, ManyMeetAtOnce) {
  constexpr int kOthers = 6;
  const auto body = [](SideChannel& line) {
    Engine engine = Engine::create({});
    line.send(engine.address());
    const int peer = engine.add_peer(line.receive());
    engine.wait_up(peer);
    const std::uint64_t word = std::hash<std::string>()(engine.name());
    engine.send(&word, sizeof(word), peer);
    line.hear();
  };
  std::vector<std::unique_ptr<OtherProcess>> others;
  for (int i = 0; i < kOthers; ++i) others.push_back(std::make_unique<OtherProcess>(body));
  Engine engine = Engine::create({});
  for (const auto& other : others) {
    engine.add_peer(other->line().receive());
    other->line().send(engine.address());
  }
  for (int i = 0; i < kOthers; ++i) {
    std::uint64_t word = 0;
    const Received got = engine.recv(&word, sizeof(word));
    EXPECT_NE(engine.describe(got.source).find("engine-"), std::string::npos);
  }
  for (const auto& other : others) {
    other->line().tell();
    EXPECT_TRUE(other->join());
  }
}

TEST(Engines, SayWhatIsWrongWithTheirOptions) {
  const auto refused = [](const std::string& part, const EngineOptions& options) {
    expect_error(ErrorCode::invalid_argument, part, [&] { Engine::create(options); });
  };
  EngineOptions options;
  options.max_peers = 0;
  refused("max_peers 0", options);
  options = {};
  options.mailbox_bytes = 100;
  refused("mailbox_bytes 100", options);
  options = {};
  options.name = std::string(201, 'x');
  refused("201 characters", options);
  options = {};
  options.transports = "carrier-pigeon";
  expect_error(ErrorCode::unsupported, "carrier-pigeon", [&] { Engine::create(options); });
}

}  // namespace
}  // namespace weft::testing
