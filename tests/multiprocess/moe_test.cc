// Tokens to experts and back between real processes, against what one rank works out by itself.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <new>

#include "multiprocess/moe_layer.h"

namespace {
[[maybe_unused]] std::uint64_t allocations = 0;  // of this process; one thread makes them
}

// Replacing new and delete is the sanitizers' business where they are.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  ++allocations;
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif

namespace weft::testing {
namespace {

using namespace std::chrono_literals;

constexpr Routing kAll[] = {Routing::random, Routing::one_expert, Routing::one_rank_empty,
                            Routing::nothing, Routing::repeated};

MoeOptions options_of(int experts, int top_k, int max_tokens, std::size_t hidden, DataType type) {
  MoeOptions options;
  options.experts = experts;
  options.top_k = top_k;
  options.max_tokens = max_tokens;
  options.hidden = hidden;
  options.type = type;
  return options;
}

class Moe : public ::testing::TestWithParam<int> {};

TEST_P(Moe, GivesTheSumsOfTheOracle) {
  const int status = run_processes(GetParam(), {}, [](Communicator& comm) {
    const int n = comm.size();
    const MoeOptions cases[] = {options_of(n, 1, 1, 1, DataType::f32),
                                options_of(4 * n, 3, 40, 37, DataType::f32),
                                options_of(8 * n, 8, 33, 300, DataType::bf16),
                                options_of(2 * n, 2, 64, 129, DataType::f16)};
    for (const MoeOptions& options : cases) {
      Layer layer(comm, options);
      for (int call = 0; call < 10; ++call) layer.run(kAll[call % 5], call);
    }
  });
  EXPECT_EQ(status, 0);
}

TEST_P(Moe, RowsLargerThanTransportsSendAtOnceArriveWhole) {
  const int status = run_processes(GetParam(), {}, [](Communicator& comm) {
    Layer layer(comm, options_of(2 * comm.size(), 2, 3, 60'000, DataType::bf16));
    for (int call = 0; call < 3; ++call) layer.run(Routing::random, call);
  });
  EXPECT_EQ(status, 0);
}

TEST_P(Moe, NothingIsOverwrittenWhereRanksLag) {
  const int status = run_processes(GetParam(), {}, [](Communicator& comm) {
    Layer layer(comm, options_of(2 * comm.size(), 2, 12, 24, DataType::f32));
    std::mt19937 random(static_cast<unsigned>(comm.rank()));
    const auto lag = [&] {
      if (random() % 16 == 0) usleep(static_cast<unsigned>(random() % 1000));
    };
    for (int call = 0; call < 100; ++call) {
      layer.dispatch_start(kAll[call % 5], call);
      lag();
      layer.dispatch_finish();
      lag();
      layer.combine_start();
      lag();
      layer.combine_finish();
      lag();
    }
  });
  EXPECT_EQ(status, 0);
}

TEST_P(Moe, TheCombineMayBeLeftOut) {
  const int status = run_processes(GetParam(), {}, [](Communicator& comm) {
    Layer layer(comm, options_of(2 * comm.size(), 2, 20, 16, DataType::bf16));
    for (int call = 0; call < 30; ++call) {
      layer.dispatch_start(Routing::random, call);
      layer.dispatch_finish();
      if (call % 7 != 0) continue;
      layer.combine_start();
      layer.combine_finish();
    }
  });
  EXPECT_EQ(status, 0);
}

TEST_P(Moe, TestSaysWhenAFinishWouldNotBlock) {
  const int status = run_processes(GetParam(), {}, [](Communicator& comm) {
    Layer layer(comm, options_of(2 * comm.size(), 2, 20, 16, DataType::f32));
    require(layer.plan().test(), "nothing is due");
    for (int call = 0; call < 20; ++call) {
      layer.dispatch_start(Routing::random, call);
      while (!layer.plan().test()) usleep(10);
      layer.take(layer.plan().dispatch_finish(0s));
      layer.combine_start();
      while (!layer.plan().test()) usleep(10);
      layer.combine_finish();
    }
  });
  EXPECT_EQ(status, 0);
}

INSTANTIATE_TEST_SUITE_P(Ranks, Moe, ::testing::Values(1, 2, 3, 4));

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(Moe, NoCallAllocatesBetweenMappedRanks) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    if (comm.routes().find("shm") == std::string::npos) return;
    constexpr int kTokens = 8;
    MoePlan plan = comm.plan_moe(options_of(4, 2, kTokens, 16, DataType::f32));
    std::vector<float> tokens(kTokens * 16), outputs(4 * kTokens * 16), output(kTokens * 16);
    const std::vector<float> weights(kTokens * 2, 1);
    std::vector<std::int32_t> ids(kTokens * 2);
    std::uint64_t before = 0;
    for (int call = 0; call < 60; ++call) {
      if (call == 10) before = allocations;
      for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = (call + static_cast<int>(i)) % 5 - 1;
      plan.dispatch_start(tokens.data(), ids.data(), call % (kTokens + 1));
      plan.dispatch_finish();
      plan.combine_start(outputs.data());
      plan.test();
      plan.combine_finish(output.data(), weights.data());
    }
    require(allocations == before, std::to_string(allocations - before) + " allocations");
  });
  EXPECT_EQ(status, 0);
}
#endif

TEST(Moe, TokensMayBeBytesOfAnyMeaning) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    MoeOptions options = options_of(2, 2, 4, 8, DataType::bf16);
    options.token_bytes = 33;
    MoePlan plan = comm.plan_moe(options);
    std::vector<char> tokens(3 * 33);
    for (std::size_t i = 0; i < tokens.size(); ++i)
      tokens[i] = static_cast<char>(i + 100 * static_cast<std::size_t>(comm.rank()));
    const std::int32_t ids[] = {0, 1, 1, -1, -1, 0};
    plan.dispatch_start(tokens.data(), ids, 3);
    const MoeArrivals arrivals = plan.dispatch_finish();
    require(arrivals.rows.size() == 4, "two tokens of each rank");
    std::vector<char> matrix(4 * 33);
    plan.pack(arrivals.of(0), matrix.data());
    for (std::size_t row = 0; row < 4; ++row) {
      const std::size_t index = row % 2 == 0 ? 0 : (comm.rank() == 0 ? 2 : 1);
      for (std::size_t i = 0; i < 33; ++i)
        require(matrix[row * 33 + i] == static_cast<char>(index * 33 + i + 100 * (row / 2)),
                "wrong byte");
    }
    comm.barrier();
  });
  EXPECT_EQ(status, 0);
}

TEST(Moe, WorksWhereTransportsAreMixed) {
  if (std::getenv("WEFT_PLUGIN_PATH") == nullptr) GTEST_SKIP() << "needs a second transport";
  Options options;
  options.transports = "shm,ucx";
  options.routes = "0-1:2-3=ucx,*=shm";
  const int status = run_processes(4, options, [](Communicator& comm) {
    require(comm.routes().find(';') != std::string::npos, comm.routes());
    Layer layer(comm, options_of(8, 3, 24, 200, DataType::bf16));
    for (int call = 0; call < 20; ++call) layer.run(kAll[call % 5], call);
  });
  EXPECT_EQ(status, 0);
}

// Calls `finish` until it does not throw; who is gone is excluded.
void survive(Layer& layer, int victim, const std::function<void()>& finish) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    try {
      return finish();
    } catch (const Error& error) {
      require(error.code() == ErrorCode::peer_failed, error.what());
      require(std::string(error.what()).find("rank " + std::to_string(victim)) != std::string::npos,
              error.what());
      require(layer.plan().lost() == std::vector{victim}, "somebody else is lost");
      layer.plan().exclude(victim);
      require(!layer.plan().live(victim) && layer.plan().lost().empty(), "not excluded");
    }
  }
  throw std::runtime_error("a second error");
}

// Where in its call the victim ends: before each of the four parts.
class Killed : public ::testing::TestWithParam<std::tuple<int, int>> {};

TEST_P(Killed, ARankIsNamedAndTheOthersGoOn) {
  Options options;
  options.timeout = 30s;
  const auto [ranks, part] = GetParam();
  const int status =
      run_processes(ranks, options, [ranks = ranks, part = part](Communicator& comm) {
        constexpr int kEnd = 5;
        const int victim = ranks - 1;
        Layer layer(comm, options_of(2 * ranks, 3, 16, 700, DataType::bf16));
        const auto may_end = [&](int call, int where) {
          if (comm.rank() == victim && call == kEnd && where == part) kill(getpid(), SIGKILL);
        };
        for (int call = 0; call < 25; ++call) {
          if (call == kEnd) layer.set_ended(victim, kEnd);
          may_end(call, 0);
          layer.dispatch_start(Routing::random, call);
          may_end(call, 1);
          survive(layer, victim, [&] { layer.dispatch_finish(); });
          may_end(call, 2);
          layer.combine_start();
          may_end(call, 3);
          survive(layer, victim, [&] { layer.combine_finish(); });
        }
        require(!layer.plan().live(victim), "the end was not noticed");
      });
  EXPECT_EQ(status, 128 + SIGKILL) << "only the victim fails";
}

INSTANTIATE_TEST_SUITE_P(Parts, Killed,
                         ::testing::Combine(::testing::Values(2, 4),
                                            ::testing::Values(0, 1, 2, 3)));

TEST(Moe, ALateRankIsNamedAndTheFinishMayBeCalledAgain) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    Layer layer(comm, options_of(2, 1, 8, 8, DataType::f32));
    comm.barrier();
    if (comm.rank() == 1) {
      comm.recv(nullptr, 0, 0);  // until the other has waited in vain
      return layer.run(Routing::one_expert, 1);
    }
    layer.dispatch_start(Routing::one_expert, 1);
    expect_error(ErrorCode::timeout, "dispatch_finish",
                 [&] { layer.plan().dispatch_finish(20ms); });
    expect_error(ErrorCode::timeout, "rank 1", [&] { layer.plan().dispatch_finish(20ms); });
    comm.send(nullptr, 0, 1);
    layer.dispatch_finish();
    layer.combine_start();
    layer.combine_finish();
  });
  EXPECT_EQ(status, 0);
}

TEST(Moe, RefusesWhatCannotBeBeforeAnythingIsWritten) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    const auto refused = [](const std::string& part, const std::function<void()>& call) {
      expect_error(ErrorCode::invalid_argument, part, call);
    };
    Layer layer(comm, options_of(4, 2, 3, 5, DataType::bf16));
    MoePlan& plan = layer.plan();
    const std::vector<float> tokens(100);
    const std::int32_t bad[] = {0, 3, 2, 4}, low[] = {0, -2};
    refused("token 1, k 1: expert 4 of 4", [&] { plan.dispatch_start(tokens.data(), bad, 2); });
    refused("expert -2 of 4", [&] { plan.dispatch_start(tokens.data(), low, 1); });
    refused("4 tokens, planned for at most 3", [&] { plan.dispatch_start(tokens.data(), bad, 4); });
    refused("-1 tokens", [&] { plan.dispatch_start(tokens.data(), bad, -1); });
    refused("null tokens", [&] { plan.dispatch_start(nullptr, bad, 1); });
    refused("dispatch_start is due", [&] { plan.dispatch_finish(); });
    refused("dispatch_start is due", [&] { plan.combine_start(nullptr); });
    layer.dispatch_start(Routing::one_expert, 0);
    refused("dispatch_finish is due", [&] { plan.dispatch_start(tokens.data(), bad, 1); });
    refused("dispatch_finish is due", [&] { plan.combine_finish(nullptr, nullptr); });
    layer.dispatch_finish();
    if (comm.rank() == 1) refused("null outputs", [&] { plan.combine_start(nullptr); });
    layer.combine_start();
    refused("null output", [&] { plan.combine_finish(nullptr, nullptr); });
    layer.combine_finish();
    refused("rank 2 of 2", [&] { plan.exclude(2); });
    refused("is this one", [&] { plan.exclude(comm.rank()); });
    refused("empty", [] { MoePlan().test(); });
  });
  EXPECT_EQ(status, 0);
}

TEST(Moe, RefusesOptionsThatCannotBeOrDiffer) {
  const int status = run_processes(2, {}, [](Communicator& comm) {
    const auto refused = [&](const std::string& part, const MoeOptions& options) {
      expect_error(ErrorCode::invalid_argument, part, [&] { comm.plan_moe(options); });
    };
    refused("5 experts are no multiple of 2 ranks", options_of(5, 1, 1, 1, DataType::f32));
    refused("0 experts", options_of(0, 1, 1, 1, DataType::f32));
    refused("top_k is 65", options_of(4, 65, 1, 1, DataType::f32));
    refused("max_tokens is 1048576", options_of(4, 1, 1 << 20, 1, DataType::f32));
    refused("0 elements", options_of(4, 1, 1, 0, DataType::f32));
    refused("outputs of i32", options_of(4, 1, 1, 1, DataType::i32));
    expect_error(ErrorCode::mismatch, "rank 0 asks for 4 experts, top_k 2, 8 tokens", [&] {
      comm.plan_moe(options_of(4, comm.rank() == 0 ? 2 : 1, 8, 8, DataType::bf16));
    });
    Layer(comm, options_of(4, 2, 8, 8, DataType::bf16)).run(Routing::random, 0);
  });
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace weft::testing
