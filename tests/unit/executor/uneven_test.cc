// Schedules run over parts of uneven length, some of them empty.
#include <weft/collective_traits.h>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <random>
#include <vector>

#include "algorithms/registry.h"
#include "communicator/collectives/programs.h"
#include "executor/packet.h"
#include "ranks.h"
#include "schedule/layout.h"
#include "support/tables.h"

namespace weft::executor {
namespace {

using algorithms::Algorithm;
using Bounds = std::vector<std::size_t>;

constexpr std::size_t kElement = sizeof(std::int32_t);

// Element i of the whole message at a rank.
std::int32_t value_of(int rank, std::size_t i) {
  return static_cast<std::int32_t>((static_cast<std::size_t>(rank) * 1000003 + i * 7919) % 100000);
}

enum class Reach { mapped, far, puts };

// Ranks that reach each other's segments by stores, perhaps from far cores, or by puts.
struct Group {
  Group(int count, Reach reach)
      : ranks(count), mapped(reach != Reach::puts), far(reach == Reach::far) {
    if (far) ranks.clock.line_ns = 200;
    for (int rank = 0; mapped && rank < count; ++rank) {
      for (int peer = 0; peer < count; ++peer) {
        Link& link = ranks[rank].world.links[static_cast<std::size_t>(peer)];
        link.load_store = true;
        link.bell = &ranks[peer].bell;
        link.segment = ranks[peer].world.segment;
      }
    }
  }
  // Runs an operation at every rank until all are complete.
  void run(const std::function<Launch(int rank)>& launch_of) {
    operations = std::vector<Operation>(static_cast<std::size_t>(ranks.size()));
    for (int rank = 0; rank < ranks.size(); ++rank) {
      Operation& operation = operations[static_cast<std::size_t>(rank)];
      operation.launch = launch_of(rank);
      ranks[rank].executor->start(&operation);
    }
    for (bool all = false; !all;) {
      all = true;
      for (int rank = 0; rank < ranks.size(); ++rank)
        all = ranks[rank].executor->test(&operations[static_cast<std::size_t>(rank)]) && all;
    }
  }

  std::vector<Operation> operations;  // executors may hold them to their end
  Ranks ranks;
  bool mapped;
  bool far;
};

// One call at one rank.
class RankCall {
 public:
  RankCall(const schedule::Schedule& schedule, const ProgramOptions& options, const World& world,
           const Bounds& bounds)
      : bounds_(bounds), program_(compile(schedule, options, world)) {
    const schedule::Schedule& frame = program_->schedule;
    const auto elements = [&](schedule::Buffer buffer, int blocks) {
      if (blocks == 0) return std::size_t{0};
      const schedule::Operand place{buffer, world.rank, 0};
      const auto first = static_cast<std::size_t>(logical_block(frame, place));
      first_[buffer == schedule::Buffer::output] = bounds[first] / kElement;
      return (bounds[first + static_cast<std::size_t>(blocks)] - bounds[first]) / kElement;
    };
    input_.resize(elements(schedule::Buffer::input, input_blocks(frame, world.rank)));
    output_.resize(elements(schedule::Buffer::output, output_blocks(frame, world.rank)), -1);
    for (std::size_t i = 0; i < input_.size(); ++i) input_[i] = value_of(world.rank, first_[0] + i);
  }

  Launch launch() {
    const schedule::Schedule& frame = program_->schedule;
    const Call call{.collective = frame.collective,
                    .type = DataType::i32,
                    .root = frame.root,
                    .count = bounds_.back() / kElement,
                    .parts = schedule::digest_of(bounds_)};
    Launch launch = Programs::launch_parts(call, *program_, frame.ranks, bounds_);
    launch.input = reinterpret_cast<const std::byte*>(input_.data());
    launch.output = reinterpret_cast<std::byte*>(output_.data());
    return launch;
  }

  const std::byte* input() const { return reinterpret_cast<const std::byte*>(input_.data()); }
  std::byte* output() { return reinterpret_cast<std::byte*>(output_.data()); }

  void expect_result() const {
    const schedule::Schedule& frame = program_->schedule;
    const CollectiveTraits& traits = traits_of(frame.collective);
    for (std::size_t i = 0; i < output_.size(); ++i) {
      const std::size_t element = first_[1] + i;
      std::int32_t expected = 0;
      if (traits.reduces) {
        for (int rank = 0; rank < frame.ranks; ++rank) expected += value_of(rank, element);
      } else {
        expected = value_of(traits.rooted() ? frame.root : owner_of(element), element);
      }
      ASSERT_EQ(output_[i], expected) << "element " << element;
    }
  }

 private:
  int owner_of(std::size_t element) const {
    int part = 0;
    while (bounds_[static_cast<std::size_t>(part) + 1] <= element * kElement) ++part;
    return part;
  }

  const Bounds& bounds_;
  std::unique_ptr<Program> program_;
  std::size_t first_[2] = {};  // of input and output: which element of the message they begin with
  std::vector<std::int32_t> input_, output_;
};

std::vector<schedule::Schedule> make_all(const Algorithm& algorithm, const Group& group,
                                         int lanes) {
  std::vector<schedule::Schedule> schedules;
  for (int rank = 0; rank < group.ranks.size(); ++rank)
    schedules.push_back(algorithm.make({algorithm.collective, rank, group.ranks.size(),
                                        group.ranks.size() - 1, lanes, group.mapped}));
  return schedules;
}

void run(Group& group, const std::vector<schedule::Schedule>& schedules,
         const ProgramOptions& options, const Bounds& bounds) {
  std::vector<std::unique_ptr<RankCall>> calls;
  std::vector<const std::byte*> inputs;
  std::vector<std::byte*> outputs;
  for (int rank = 0; rank < group.ranks.size(); ++rank) {
    const auto r = static_cast<std::size_t>(rank);
    calls.push_back(
        std::make_unique<RankCall>(schedules[r], options, group.ranks[rank].world, bounds));
    inputs.push_back(calls[r]->input());
    outputs.push_back(calls[r]->output());
  }
  group.run([&](int rank) {
    Launch launch = calls[static_cast<std::size_t>(rank)]->launch();
    launch.peer_inputs = inputs.data();
    launch.peer_outputs = outputs.data();
    launch.streaming = group.far;
    return launch;
  });
  for (const auto& call : calls) call->expect_result();
}

class Uneven : public ::testing::TestWithParam<const Algorithm*> {};

TEST_P(Uneven, PartsArriveWhole) {
  std::mt19937 random(11);
  for (const Reach reach : {Reach::mapped, Reach::far, Reach::puts}) {
    if (GetParam()->direct && reach == Reach::puts) continue;
    for (const int ranks : {1, 2, 3, 5, 8}) {
      Group group(ranks, reach);
      for (const int lanes : {1, 2}) {
        const auto schedules = make_all(*GetParam(), group, lanes);
        // The longest of the second ones take several passes.
        for (const std::size_t most : {30, 20000}) {
          const Bounds bounds =
              weft::testing::uneven_bounds(schedules[0].blocks, kElement, random, most);
          SCOPED_TRACE(::testing::PrintToString(bounds) + (group.mapped ? ", mapped" : ", puts"));
          run(group, schedules, {.protocol = Protocol::bulk}, bounds);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST_P(Uneven, PartsTravelAsPackets) {
  if (GetParam()->direct) GTEST_SKIP() << "direct schedules send no packets";
  std::mt19937 random(12);
  for (const int ranks : {2, 3, 8}) {
    Group group(ranks, Reach::mapped);
    const auto schedules = make_all(*GetParam(), group, 1);
    const std::size_t most = max_packet_block_bytes(schedules[0], group.ranks[0].world.layout);
    for (const std::size_t block : {kPacketPayload, most}) {
      const Bounds bounds =
          weft::testing::uneven_bounds(schedules[0].blocks, kElement, random, block / kElement / 3);
      SCOPED_TRACE(::testing::PrintToString(bounds));
      run(group, schedules, {.protocol = Protocol::packet, .packet_block_bytes = block}, bounds);
      if (HasFatalFailure()) return;
    }
  }
}

std::vector<const Algorithm*> those_that_move_data() {
  std::vector<const Algorithm*> list;
  for (const Algorithm& algorithm : algorithms::all()) {
    if (traits_of(algorithm.collective).moves_data() && !algorithm.hierarchical)
      list.push_back(&algorithm);
  }
  return list;
}

INSTANTIATE_TEST_SUITE_P(All, Uneven, ::testing::ValuesIn(those_that_move_data()),
                         [](const auto& param) {
                           return std::string(name_of(param.param->collective)) + "_" +
                                  std::string(param.param->name);
                         });

// A rank that has another table than its peers is told so.
TEST(UnevenCalls, OfOtherPartsAreAnotherCall) {
  Group group(2, Reach::mapped);
  const auto schedules = make_all(*algorithms::find(Collective::all_gather, "ring"), group, 1);
  const Bounds bounds[] = {{0, 40, 80}, {0, 8, 80}};
  std::vector<std::unique_ptr<RankCall>> calls;
  for (int rank = 0; rank < 2; ++rank) {
    const auto r = static_cast<std::size_t>(rank);
    calls.push_back(std::make_unique<RankCall>(schedules[r], ProgramOptions{},
                                               group.ranks[rank].world, bounds[r]));
  }
  try {
    group.run([&](int rank) { return calls[static_cast<std::size_t>(rank)]->launch(); });
    FAIL() << "they took it for the same call";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::mismatch) << error.what();
    EXPECT_NE(std::string(error.what()).find("uneven parts"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace weft::executor
