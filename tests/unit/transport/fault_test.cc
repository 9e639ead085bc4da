// The fault decorator over the simulated transport of one rank that talks to itself and to one
// peer.
#include "transport/fault.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "transport/loader.h"

namespace weft::transport {
namespace {

const Plugin* sim_plugin() {
  const auto all = builtin_plugins();
  return *std::find_if(all.begin(), all.end(),
                       [](const Plugin* plugin) { return std::string(plugin->name) == "sim"; });
}

// Rank 0 is wrapped; it puts to the ranks 0, 1 and 2.
class Fault : public testing::Test {
 protected:
  static constexpr int kRanks = 3;

  void open(FaultRules rules) {
    OpenOptions options;
    options.size = kRanks;
    options.context = this;
    options.setting = [](void*, const char* name) -> const char* {
      return std::string(name) == "sim.load_store" ? "1" : nullptr;
    };
    options.report_failure = [](void* context, const Failure* failure) {
      static_cast<Fault*>(context)->failures_.push_back(*failure);
    };
    for (int rank = 0; rank < kRanks; ++rank) {
      options.rank = rank;
      Status why;
      inner_.push_back(sim_plugin()->open(&options, &why));
      ASSERT_NE(inner_.back(), nullptr) << why.message;
    }
    faulty_ = std::make_unique<FaultyTransport>(*inner_[0], options, std::move(rules));
    for (int peer = 0; peer < kRanks; ++peer) {
      ASSERT_TRUE(inner_[peer]->allocate(4096, &memories_[peer]).ok());
      ASSERT_TRUE(faulty_->connect(peer, inner_[peer]->address()).ok());
      ASSERT_TRUE(faulty_->import_memory(peer, memories_[peer].key, &remote_[peer]).ok());
    }
  }

  ~Fault() override {
    faulty_.reset();
    for (Transport* transport : inner_) sim_plugin()->close(transport);
  }

  Status signal(int peer, std::uint64_t value) {
    Put put;
    put.signal_memory = &remote_[peer];
    put.signal_value = value;
    put.signal = SignalOp::set;
    std::size_t posted = 0;
    return faulty_->put({&put, 1}, &posted);
  }

  std::uint64_t word(int peer) { return *static_cast<std::uint64_t*>(memories_[peer].address); }

  void progress(int calls) {
    for (int i = 0; i < calls; ++i) faulty_->progress();
  }

  std::unique_ptr<FaultyTransport> faulty_;
  std::vector<Failure> failures_;
  LocalMemory memories_[kRanks];
  RemoteMemory remote_[kRanks];

 private:
  std::vector<Transport*> inner_;
};

TEST_F(Fault, HidesThatMemoryIsMapped) {
  open({});
  EXPECT_FALSE(faulty_->capabilities().load_store);
  EXPECT_EQ(remote_[1].mapped, nullptr);
}

TEST_F(Fault, RefusesTheNthPutAndAllLaterOnesToThatPeer) {
  FaultRules rules;
  rules.refusals = {{1, 3, Status::error(ErrorCode::peer_failed, "retry exceeded")}};
  open(rules);
  EXPECT_TRUE(signal(1, 1).ok());
  EXPECT_TRUE(signal(2, 1).ok());
  EXPECT_TRUE(signal(1, 2).ok());
  EXPECT_EQ(signal(1, 3).code, ErrorCode::peer_failed);
  EXPECT_STREQ(signal(1, 4).message, "retry exceeded");
  EXPECT_FALSE(faulty_->connected(1));
  EXPECT_TRUE(signal(2, 2).ok());
  progress(100);
  EXPECT_EQ(word(1), 2u);
  EXPECT_EQ(word(2), 2u);
}

TEST_F(Fault, ReportsADeathAfterSoManyPuts) {
  FaultRules rules;
  rules.deaths = {{1, 2}};
  open(rules);
  EXPECT_TRUE(signal(1, 1).ok());
  progress(100);
  EXPECT_TRUE(failures_.empty());
  EXPECT_TRUE(signal(1, 2).ok());
  progress(100);
  ASSERT_EQ(failures_.size(), 1u);
  EXPECT_EQ(failures_[0].peer, 1);
  EXPECT_EQ(signal(1, 3).code, ErrorCode::peer_failed);
  EXPECT_EQ(word(1), 2u);
  EXPECT_TRUE(signal(2, 1).ok());
}

TEST_F(Fault, HeldBackPutsArriveLaterAndInOrder) {
  FaultRules rules;
  rules.longest_hold = 20;
  rules.seed = 3;
  open(rules);
  for (std::uint64_t i = 1; i <= 50; ++i) ASSERT_TRUE(signal(1, i).ok());
  std::uint64_t last = 0;
  int steps = 0;
  for (int call = 0; call < 1000 && last < 50; ++call) {
    progress(1);
    ASSERT_GE(word(1), last);
    steps += word(1) > last ? 1 : 0;
    last = word(1);
  }
  EXPECT_EQ(last, 50u);
  EXPECT_GT(steps, 1);
}

}  // namespace
}  // namespace weft::transport
