// The simulated network: its clock, its links and its faults. Single-threaded, so that times are
// exact.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "sim/fabric.h"
#include "transport/loader.h"

namespace weft::sim {
namespace {

using namespace std::chrono_literals;
using transport::Failure;
using transport::Get;
using transport::LocalMemory;
using transport::OpenOptions;
using transport::Plugin;
using transport::Put;
using transport::RemoteMemory;
using transport::SignalOp;
using transport::Status;
using transport::Transport;

const Plugin* sim_plugin() {
  for (const Plugin* plugin : transport::builtin_plugins()) {
    if (std::string(plugin->name) == "sim") return plugin;
  }
  throw std::runtime_error("sim is not built in");
}

constexpr std::uint64_t kFabric = 77;

// Ranks on one fabric in manual mode, all connected, each with one memory that all have imported.
class Sim : public testing::Test {
 protected:
  struct Node {
    Transport* transport = nullptr;
    LocalMemory memory;
    std::vector<RemoteMemory> peers;
    std::vector<Failure> failures;
  };

  ~Sim() override { close(); }

  void close() {
    for (const auto& node : nodes_) sim_plugin()->close(node->transport);
    nodes_.clear();
  }

  void open(int ranks, std::map<std::string, std::string> settings = {}) {
    settings_ = std::move(settings);
    settings_["sim.fabric"] = std::to_string(kFabric);
    fabric_->set_auto_advance(false);
    fabric_->set_default_link({.latency = 1000ns, .gigabytes_per_second = 1.0});
    for (int rank = 0; rank < ranks; ++rank) open_rank(rank, ranks);
    for (int rank = 0; rank < ranks; ++rank) {
      Node& node = *nodes_[rank];
      node.peers.resize(ranks);
      for (int peer = 0; peer < ranks; ++peer) {
        ASSERT_TRUE(node.transport->connect(peer, nodes_[peer]->transport->address()).ok());
        ASSERT_TRUE(
            node.transport->import_memory(peer, nodes_[peer]->memory.key, &node.peers[peer]).ok());
      }
    }
  }

  std::uint64_t word(int rank, std::uint64_t offset = 0) {
    return *reinterpret_cast<std::uint64_t*>(bytes(rank) + offset);
  }
  std::byte* bytes(int rank) { return static_cast<std::byte*>(nodes_[rank]->memory.address); }

  Put signal(int from, int to, std::uint64_t value, std::uint64_t offset = 0) {
    Put put;
    put.signal_memory = &nodes_[from]->peers[to];
    put.signal_offset = offset;
    put.signal_value = value;
    put.signal = SignalOp::set;
    return put;
  }

  Put payload(int from, int to, std::size_t size, std::uint64_t value = 1) {
    Put put = signal(from, to, value);
    put.target = &nodes_[from]->peers[to];
    put.target_offset = 64;
    put.source = source_.data();
    put.bytes = size;
    return put;
  }

  Status put(int from, const Put& put) {
    std::size_t posted = 0;
    return nodes_[from]->transport->put({&put, 1}, &posted);
  }

  void expect_put(int from, const Put& what) {
    const Status status = put(from, what);
    EXPECT_TRUE(status.ok()) << status.message;
  }

  void progress_all() {
    for (const auto& node : nodes_) node->transport->progress();
  }

  std::shared_ptr<Fabric> fabric_ = Fabric::get(kFabric);
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<std::byte> source_ = std::vector<std::byte>(1 << 16, std::byte{7});

 private:
  void open_rank(int rank, int ranks) {
    nodes_.push_back(std::make_unique<Node>());
    contexts_.push_back(std::make_unique<Context>(Context{this, nodes_.back().get()}));
    OpenOptions options;
    options.rank = rank;
    options.size = ranks;
    options.context = contexts_.back().get();
    options.setting = [](void* context, const char* name) -> const char* {
      const auto& settings = static_cast<Context*>(context)->test->settings_;
      const auto found = settings.find(name);
      return found != settings.end() ? found->second.c_str() : nullptr;
    };
    options.report_failure = [](void* context, const Failure* failure) {
      static_cast<Context*>(context)->node->failures.push_back(*failure);
    };
    Status why;
    nodes_.back()->transport = sim_plugin()->open(&options, &why);
    ASSERT_NE(nodes_.back()->transport, nullptr) << why.message;
    ASSERT_TRUE(nodes_.back()->transport->allocate(1 << 17, &nodes_.back()->memory).ok());
  }

  struct Context {
    Sim* test;
    Node* node;
  };
  std::map<std::string, std::string> settings_;
  std::vector<std::unique_ptr<Context>> contexts_;
};

TEST_F(Sim, ItIsUsedOnlyWhenNamed) {
  transport::Device device;
  Status why;
  EXPECT_EQ(sim_plugin()->probe(&device, 1, &why), 1);
  EXPECT_LT(device.priority, 0);
}

TEST_F(Sim, ASignalArrivesAfterTheLatency) {
  open(2);
  expect_put(0, signal(0, 1, 5));
  fabric_->advance(999ns);
  EXPECT_EQ(word(1), 0u);
  fabric_->advance(1ns);
  EXPECT_EQ(word(1), 5u);
  EXPECT_EQ(fabric_->now(), 1000ns);
}

TEST_F(Sim, APutOccupiesItsLinkForItsBytes) {
  open(2);
  expect_put(0, payload(0, 1, 4000, 1));
  expect_put(0, payload(0, 1, 2000, 2));
  fabric_->advance(4999ns);
  EXPECT_EQ(word(1), 0u);
  EXPECT_EQ(bytes(1)[64], std::byte{0});
  fabric_->advance(1ns);
  EXPECT_EQ(word(1), 1u);
  EXPECT_EQ(bytes(1)[64 + 3999], std::byte{7});
  fabric_->advance(1999ns);
  EXPECT_EQ(word(1), 1u);
  fabric_->advance(1ns);
  EXPECT_EQ(word(1), 2u);
}

TEST_F(Sim, LinksAreIndependentAndDirected) {
  open(3);
  fabric_->set_link(0, 1, {.latency = 10ns, .gigabytes_per_second = 0});
  fabric_->set_link(1, 0, {.latency = 5ns, .gigabytes_per_second = 0});
  expect_put(0, payload(0, 1, 50000));
  expect_put(1, payload(1, 0, 50000));
  expect_put(0, signal(0, 2, 1));
  std::vector<Time> times;
  while (fabric_->advance_to_next()) times.push_back(fabric_->now());
  EXPECT_EQ(times, (std::vector<Time>{5ns, 10ns, 1000ns}));
}

TEST_F(Sim, DataIsReadFromItsSourceWhenItArrives) {
  open(2);
  std::uint64_t completed = 0;
  Put put_1 = payload(0, 1, 1000);
  put_1.completed = &completed;
  expect_put(0, put_1);
  source_[10] = std::byte{9};
  progress_all();
  EXPECT_EQ(completed, 0u);
  fabric_->advance(2000ns);
  EXPECT_EQ(bytes(1)[64 + 10], std::byte{9});
  EXPECT_EQ(completed, 0u) << "completions are raised by the poster's own calls";
  EXPECT_EQ(nodes_[0]->transport->progress(), 1);
  EXPECT_EQ(completed, 1u);
}

TEST_F(Sim, AGetTakesTheRoundTripAndTheLinkBack) {
  open(2);
  bytes(1)[100] = std::byte{3};
  std::vector<std::byte> destination(2000);
  std::uint64_t completed = 0;
  const Get get{destination.data(), &nodes_[0]->peers[1], 100, 2000, &completed};
  ASSERT_TRUE(nodes_[0]->transport->get({&get, 1}).ok());
  fabric_->advance(3999ns);
  EXPECT_EQ(destination[0], std::byte{0});
  fabric_->advance(1ns);
  EXPECT_EQ(destination[0], std::byte{3});
  nodes_[0]->transport->progress();
  EXPECT_EQ(completed, 1u);
}

TEST_F(Sim, ADelayedLinkIsSlowerAndKeepsItsOrder) {
  open(2);
  fabric_->delay_link(0, 1, 500ns);
  expect_put(0, signal(0, 1, 1));
  fabric_->delay_link(0, 1, -500ns);
  expect_put(0, signal(0, 1, 2));
  fabric_->advance(1499ns);
  EXPECT_EQ(word(1), 0u);
  fabric_->advance(1ns);
  EXPECT_EQ(word(1), 2u);
}

TEST_F(Sim, AutomaticTimeMovesOnlyWhenNothingIsDue) {
  open(2);
  fabric_->set_auto_advance(true);
  expect_put(0, signal(0, 1, 1));
  expect_put(1, payload(1, 0, 3000));
  EXPECT_EQ(nodes_[1]->transport->progress(), 1);
  EXPECT_EQ(fabric_->now(), 1000ns);
  EXPECT_EQ(nodes_[1]->transport->progress(), 1);
  EXPECT_EQ(fabric_->now(), 4000ns);
  EXPECT_EQ(nodes_[0]->transport->progress(), 0);
  EXPECT_EQ(fabric_->now(), 4000ns);
}

TEST_F(Sim, ManualTimeIsNotMovedByProgress) {
  open(2);
  expect_put(0, signal(0, 1, 1));
  for (int i = 0; i < 10; ++i) progress_all();
  EXPECT_EQ(fabric_->now(), 0ns);
  EXPECT_EQ(word(1), 0u);
}

TEST_F(Sim, AnUnorderedLinkReordersTheSameWayForOneSeed) {
  open(2, {{"sim.ordered", "0"}, {"sim.seed", "5"}});
  EXPECT_FALSE(nodes_[0]->transport->capabilities().ordered);
  const auto arrivals = [&] {
    std::vector<std::uint64_t> order;
    for (std::uint64_t i = 1; i <= 30; ++i) expect_put(0, signal(0, 1, i));
    while (fabric_->advance_to_next()) order.push_back(word(1));
    return order;
  };
  const auto order = arrivals();
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
  close();
  open(2, {{"sim.ordered", "0"}, {"sim.seed", "5"}});
  EXPECT_EQ(arrivals(), order);
}

TEST_F(Sim, TheNthPutFailsAndTheLinkWithIt) {
  open(3);
  fabric_->fail_put(0, 1, 2);
  expect_put(0, signal(0, 1, 1));
  expect_put(0, signal(0, 1, 2));
  expect_put(0, signal(0, 1, 3));
  fabric_->advance(2000ns);
  progress_all();
  EXPECT_EQ(word(1), 1u);
  ASSERT_EQ(nodes_[0]->failures.size(), 1u);
  EXPECT_EQ(nodes_[0]->failures[0].peer, 1);
  EXPECT_EQ(put(0, signal(0, 1, 4)).code, ErrorCode::peer_failed);
  EXPECT_FALSE(nodes_[0]->transport->connected(1));
  EXPECT_TRUE(nodes_[1]->failures.empty());
  expect_put(0, signal(0, 2, 5));
  expect_put(1, signal(1, 0, 6));
  fabric_->advance(1000ns);
  EXPECT_EQ(word(2), 5u);
  EXPECT_EQ(word(0), 6u);
}

TEST_F(Sim, ADeadRankIsReportedToAllAndToItself) {
  open(4);
  expect_put(1, signal(1, 0, 1));
  fabric_->kill(1);
  nodes_[1]->transport->progress();
  ASSERT_EQ(nodes_[1]->failures.size(), 1u);
  EXPECT_EQ(nodes_[1]->failures[0].peer, -1);
  EXPECT_EQ(put(1, signal(1, 2, 1)).code, ErrorCode::peer_failed);
  fabric_->advance(1000ns);
  progress_all();
  EXPECT_EQ(word(0), 0u) << "what was under way is lost";
  for (const int other : {0, 2, 3}) {
    ASSERT_EQ(nodes_[other]->failures.size(), 1u) << other;
    EXPECT_EQ(nodes_[other]->failures[0].peer, 1);
    EXPECT_STREQ(nodes_[other]->failures[0].cause, "rank 1 was killed");
    EXPECT_EQ(put(other, signal(other, 1, 1)).code, ErrorCode::peer_failed);
  }
  expect_put(0, signal(0, 3, 9));
  fabric_->advance(1000ns);
  EXPECT_EQ(word(3), 9u);
}

TEST_F(Sim, ACutLinkIsReportedToBothEnds) {
  open(3);
  fabric_->cut_link(0, 2);
  fabric_->advance(1000ns);
  progress_all();
  ASSERT_EQ(nodes_[0]->failures.size(), 1u);
  EXPECT_EQ(nodes_[0]->failures[0].peer, 2);
  ASSERT_EQ(nodes_[2]->failures.size(), 1u);
  EXPECT_EQ(nodes_[2]->failures[0].peer, 0);
  EXPECT_TRUE(nodes_[1]->failures.empty());
}

TEST_F(Sim, APutOutsideItsMemoryIsRefused) {
  open(2);
  Put bad = payload(0, 1, 100);
  bad.target_offset = (1 << 17) - 99;
  EXPECT_EQ(put(0, bad).code, ErrorCode::invalid_argument);
  bad = signal(0, 1, 1, 4);
  EXPECT_EQ(put(0, bad).code, ErrorCode::invalid_argument);
  EXPECT_TRUE(nodes_[0]->transport->connected(1));
}

TEST_F(Sim, MemoryReleasedUnderAPutFailsItsPoster) {
  open(2);
  expect_put(0, payload(0, 1, 1000));
  nodes_[1]->transport->release(nodes_[1]->memory);
  fabric_->advance(3000ns);
  progress_all();
  ASSERT_EQ(nodes_[0]->failures.size(), 1u);
  EXPECT_EQ(nodes_[0]->failures[0].peer, 1);
}

TEST_F(Sim, AFullQueueIsNoFailure) {
  open(2, {{"sim.queue", "2"}});
  expect_put(0, signal(0, 1, 1));
  expect_put(0, signal(0, 1, 2));
  EXPECT_EQ(put(0, signal(0, 1, 3)).code, ErrorCode::no_resources);
  fabric_->advance(1000ns);
  expect_put(0, signal(0, 1, 3));
}

TEST_F(Sim, AnotherFabricIsNotReached) {
  open(1);
  std::vector<std::byte> other(nodes_[0]->transport->address().begin(),
                               nodes_[0]->transport->address().end());
  other[24] ^= std::byte{1};  // the fabric's id
  EXPECT_EQ(nodes_[0]->transport->connect(0, other).code, ErrorCode::unsupported);
}

TEST_F(Sim, ABadSettingIsNamed) {
  OpenOptions options;
  options.setting = [](void*, const char* name) -> const char* {
    return std::string(name) == "sim.queue" ? "many" : nullptr;
  };
  Status why;
  EXPECT_EQ(sim_plugin()->open(&options, &why), nullptr);
  EXPECT_EQ(why.code, ErrorCode::invalid_argument);
  EXPECT_NE(std::string(why.message).find("sim.queue: \"many\""), std::string::npos);
}

TEST_F(Sim, AThousandRanksPassATokenRoundTheRing) {
  constexpr int kRanks = 1024;
  open(kRanks);
  for (int hop = 0; hop < kRanks; ++hop) {
    const int to = (hop + 1) % kRanks;
    expect_put(hop, signal(hop, to, hop + 1));
    ASSERT_TRUE(fabric_->advance_to_next());
    ASSERT_EQ(word(to), static_cast<std::uint64_t>(hop + 1));
  }
  EXPECT_EQ(fabric_->now(), kRanks * 1000ns);
  EXPECT_EQ(fabric_->traffic().puts, static_cast<std::uint64_t>(kRanks));
}

}  // namespace
}  // namespace weft::sim
