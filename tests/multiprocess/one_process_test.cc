// Engines, and ranks as threads, that share a process and end in any order.
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "support/ranks.h"

namespace weft::testing {
namespace {

using namespace std::chrono_literals;

// Two that have met.
struct Pair {
  std::unique_ptr<Engine> a = std::make_unique<Engine>(Engine::create());
  std::unique_ptr<Engine> b = std::make_unique<Engine>(Engine::create());
  int of_a = a->add_peer(b->address());
  int of_b = b->add_peer(a->address());

  Pair() {
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (a->state(of_a) != PeerState::up || b->state(of_b) != PeerState::up) {
      require(std::chrono::steady_clock::now() < deadline, "they do not meet");
      a->progress();
      b->progress();
    }
  }
};

TEST(OneProcess, EnginesThatHaveMetMayEndInAnyOrder) {
  {
    Pair pair;
    pair.a.reset();
    pair.b.reset();
  }
  Pair pair;
  pair.b.reset();
  for (int i = 0; i < 100; ++i) pair.a->progress();
  pair.a.reset();
}

// Two communicators that know nothing of each other, waited for in another order at every rank.
TEST(OneProcess, AWaitMovesEverythingOnThatItsThreadUses) {
  for (const WaitPolicy policy : {WaitPolicy::spin, WaitPolicy::block}) {
    Options options;
    options.timeout = 60s;
    options.wait_policy = policy;
    run_threads(3, options, OptionsBody([](const Options& mine) {
                  constexpr std::size_t kCount = 100'000;
                  std::vector<Communicator> comms;
                  for (int i = 0; i < 2; ++i) comms.push_back(Communicator::create(mine));
                  const auto first = static_cast<std::size_t>(comms[0].rank() % 2);
                  std::vector<float> data[2];
                  for (int turn = 0; turn < 20; ++turn) {
                    std::vector<Request> requests;
                    for (const std::size_t i : {first, 1 - first}) {
                      data[i].assign(kCount, 1);
                      requests.push_back(comms[i].all_reduce_async(
                          data[i].data(), data[i].data(), kCount, DataType::f32, ReduceOp::sum));
                    }
                    for (Request& request : requests) request.wait();
                    for (const auto& sums : data)
                      require(sums == std::vector<float>(kCount, 3), "wrong sums");
                  }
                }));
  }
}

// A rank that is done ends while another one still writes to what was its memory.
TEST(OneProcess, ARankThatEndsFirstLeavesNobodyWithoutMemory) {
  for (const int first : {0, 1}) {
    std::mutex mutex;
    std::condition_variable changed;
    bool ended = false;
    Options options;
    options.timeout = 1s;
    run_threads(
        2, options, OptionsBody([&](const Options& mine) {
          std::optional<Communicator> comm(Communicator::create(mine));
          float x = 1;
          comm->all_reduce(&x, &x, 1, DataType::f32, ReduceOp::sum);
          if (comm->rank() == first) {
            comm.reset();
            const std::lock_guard lock(mutex);
            ended = true;
            changed.notify_all();
            return;
          }
          std::unique_lock lock(mutex);
          changed.wait(lock, [&] { return ended; });
          lock.unlock();
          try {
            std::vector<float> data(10'000, 1.0F);
            comm->all_reduce(data.data(), data.data(), data.size(), DataType::f32, ReduceOp::sum);
            require(false, "a sum of what nobody gave");
          } catch (const Error& error) {
            require(error.code() == ErrorCode::timeout || error.code() == ErrorCode::peer_failed,
                    error.what());
          }
          try {
            comm->send(&x, sizeof(x), first);  // may be left in a mailbox
          } catch (const Error&) {
          }
        }));
  }
}

TEST(OneProcess, ManyCommunicatorsAndBuffersGoInAnyOrder) {
  Options options;
  options.timeout = 60s;
  run_threads(3, options, OptionsBody([](const Options& mine) {
                auto comm = std::make_unique<Communicator>(Communicator::create(mine));
                const int rank = comm->rank();
                std::vector<Buffer> buffers;
                for (std::size_t i = 0; i < 4; ++i) {
                  buffers.push_back(comm->allocate(50'000));
                  auto* data = buffers.back().as<float>();
                  std::fill_n(data, 10'000, 1.0F);
                  comm->all_reduce(data, data, 10'000, DataType::f32, ReduceOp::sum);
                  require(data[9999] == 3.0F, "sum");
                }
                while (!buffers.empty()) {
                  buffers.erase(rank == 0 ? buffers.begin() : buffers.end() - 1);
                  float x = 1;
                  comm->all_reduce(&x, &x, 1, DataType::f32, ReduceOp::sum);
                  require(x == 3.0F, "sum between frees");
                }
              }));
}

}  // namespace
}  // namespace weft::testing
