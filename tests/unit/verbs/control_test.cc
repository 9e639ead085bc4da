#include "control.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <arpa/inet.h>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <thread>

// What the code under test reads by.
static std::atomic<int> reads{0};
extern "C" ssize_t recv(int fd, void* buffer, size_t bytes, int flags) {
  ++reads;
  return syscall(SYS_recvfrom, fd, buffer, bytes, flags, nullptr, nullptr);
}

namespace weft::verbs {
namespace {

struct Heard final : ControlListener {
  std::map<int, std::vector<Frame>> frames;
  std::map<int, std::string> ended, unreachable;

  void received(int peer, const Frame& frame) override { frames[peer].push_back(frame); }
  void lost(int peer, Loss loss, const std::string& cause) override {
    (loss == Loss::ended ? ended : unreachable)[peer] = cause;
  }
};

// A transport's connections, to be reached at this machine's own address.
struct End {
  Heard heard;
  Control control;

  explicit End(int size) : control(size, {loopback()}, heard) {}
  Address address() const {
    Address result;
    control.describe(&result);
    return result;
  }
  static ibv_gid loopback() {
    ibv_gid gid{};
    inet_pton(AF_INET6, "::ffff:127.0.0.1", gid.raw);
    return gid;
  }
};

// A hub in the middle, and others that know it alone, as number 0.
class Star : public ::testing::Test {
 protected:
  void connect(int others) {
    hub_ = std::make_unique<End>(others);
    for (int i = 0; i < others; ++i) {
      leaves_.push_back(std::make_unique<End>(1));
      hub_->control.connect(i, leaves_.back()->address());
      leaves_.back()->control.connect(0, hub_->address());
    }
    until([&] {
      for (int i = 0; i < others; ++i) {
        if (!hub_->control.connected(i) || !leaf(i).control.connected(0)) return false;
      }
      return true;
    });
    until([&] { return quiet(); });
  }
  End& leaf(int i) { return *leaves_[static_cast<std::size_t>(i)]; }

  bool quiet() {
    int events = hub_->control.progress();
    for (const auto& end : leaves_) events += end->control.progress();
    return events == 0;
  }
  template <typename Condition>
  void until(const Condition& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      quiet();
      std::this_thread::yield();
    }
  }

  std::unique_ptr<End> hub_;
  std::vector<std::unique_ptr<End>> leaves_;
};

Frame frame_of(std::uint32_t number) {
  Frame frame;
  frame.message = Message::queue_pair;
  frame.queue_pair = number;
  return frame;
}

TEST_F(Star, only_connections_with_news_are_read) {
  constexpr int kOthers = 100;
  connect(kOthers);
  reads = 0;
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(hub_->control.progress(), 0);
  EXPECT_EQ(reads, 0);

  for (const int i : {3, 50, 99}) leaf(i).control.send(0, frame_of(static_cast<unsigned>(i) + 1));
  int events = 0;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (events < 3 && std::chrono::steady_clock::now() < deadline)
    events += hub_->control.progress();
  EXPECT_EQ(events, 3);
  EXPECT_LE(reads, 6);
  ASSERT_EQ(hub_->heard.frames.size(), 3u);
  for (const int i : {3, 50, 99}) {
    ASSERT_EQ(hub_->heard.frames[i].size(), 1u) << i;
    EXPECT_EQ(hub_->heard.frames[i][0].queue_pair, static_cast<unsigned>(i) + 1);
  }
}

TEST_F(Star, frames_in_both_directions_come_in_order) {
  connect(8);
  for (std::uint32_t n = 1; n <= 10; ++n) {
    for (int i = 0; i < 8; ++i) {
      hub_->control.send(i, frame_of(n));
      leaf(i).control.send(0, frame_of(100 + n));
    }
  }
  until([&] {
    for (int i = 0; i < 8; ++i) {
      if (leaf(i).heard.frames[0].size() < 10 || hub_->heard.frames[i].size() < 10) return false;
    }
    return true;
  });
  for (int i = 0; i < 8; ++i) {
    for (std::uint32_t n = 1; n <= 10; ++n) {
      EXPECT_EQ(leaf(i).heard.frames[0][n - 1].queue_pair, n);
      EXPECT_EQ(hub_->heard.frames[i][n - 1].queue_pair, 100 + n);
    }
  }
}

TEST_F(Star, one_that_ends_says_bye_and_is_lost) {
  connect(3);
  leaves_[1] = std::make_unique<End>(1);
  until([&] { return hub_->heard.ended.contains(1); });
  ASSERT_FALSE(hub_->heard.frames[1].empty());
  EXPECT_EQ(hub_->heard.frames[1].back().message, Message::bye);
  EXPECT_FALSE(hub_->control.connected(1));
  EXPECT_TRUE(hub_->control.connected(0));
  EXPECT_EQ(hub_->heard.ended.size(), 1u);
  EXPECT_TRUE(hub_->heard.unreachable.empty());
}

// Whoever of the two dials: what was said right behind the hello is not lost, also where the other
// side names the peer later.
TEST(Control, who_connects_later_hears_what_was_said_before) {
  for (int round = 0; round < 20; ++round) {
    End one(1), other(1);
    one.control.connect(0, other.address());
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    bool told = false, connected = false;
    for (int turns = 0; !told && turns < 200; ++turns) {
      one.control.progress();
      other.control.progress();
      if (!one.control.connected(0)) continue;
      one.control.send(0, frame_of(42));
      told = true;
    }
    for (int turns = 0; turns < 20; ++turns) other.control.progress();
    other.control.connect(0, one.address());
    while (!connected && std::chrono::steady_clock::now() < deadline) {
      one.control.progress();
      other.control.progress();
      connected = one.control.connected(0) && other.control.connected(0);
      if (connected && !told) one.control.send(0, frame_of(42));
    }
    ASSERT_TRUE(connected);
    while (other.heard.frames[0].empty() && std::chrono::steady_clock::now() < deadline)
      other.control.progress();
    ASSERT_EQ(other.heard.frames[0].size(), 1u);
    EXPECT_EQ(other.heard.frames[0][0].queue_pair, 42u);
  }
}

TEST(Control, nobody_at_the_address_is_a_loss_that_progress_tells) {
  End one(1);
  Address nobody = one.address();
  {
    const End gone(1);
    nobody.tcp_port = gone.address().tcp_port;
  }
  nobody.cookie = 1;  // the lower one: `one` dials
  one.control.connect(0, nobody);
  EXPECT_TRUE(one.heard.ended.empty());
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (one.heard.ended.empty() && std::chrono::steady_clock::now() < deadline)
    one.control.progress();
  ASSERT_EQ(one.heard.ended.size(), 1u);
  EXPECT_NE(one.heard.ended[0].find("no TCP connection to"), std::string::npos);
}

}  // namespace
}  // namespace weft::verbs
