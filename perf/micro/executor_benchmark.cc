// What a step costs the executor beyond the copy itself: a schedule of many copies of 8 bytes
// inside one rank, against the same copies called directly. The difference, per step, is the
// interpreter's.
#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "executor/executor.h"
#include "reduce/reduce.h"

namespace {

using namespace weft;

constexpr int kSteps = 64;
constexpr std::size_t kCount = 2;  // f32

schedule::Schedule many_copies() {
  schedule::Schedule schedule;
  schedule.algorithm = "benchmark";
  schedule.slot_blocks.assign(kSteps, 1);
  schedule.lanes.resize(1);
  for (int i = 0; i < kSteps; ++i) {
    schedule::Step step;
    step.kind = schedule::StepKind::copy;
    step.blocks = 1;
    step.dsts = {{{schedule::Buffer::slot, 0, i}, schedule::kNoSignal}};
    step.srcs = {{schedule::Buffer::input, 0, 0}};
    schedule.lanes[0].steps.push_back(step);
  }
  return schedule;
}

// One rank whose segment is plain memory.
struct Rank {
  Rank() {
    world.layout = memory::make_segment_layout(1, std::size_t{4} << 20);
    segment = std::make_unique<std::byte[]>(world.layout.total + 4096);
    auto address = reinterpret_cast<std::uintptr_t>(segment.get());
    world.segment = segment.get() + (4096 - address % 4096);
    world.clock = &clock;
    world.links.resize(1);
    world.links[0].load_store = true;
    world.links[0].bell = &bell;
    world.links[0].segment = world.segment;
  }
  SteadyClock clock;
  std::atomic<std::uint32_t> bell{0};
  executor::World world;
  std::unique_ptr<std::byte[]> segment;
};

void executor_steps(benchmark::State& state) {
  Rank rank;
  links::Links links(rank.clock, 1);
  executor::Executor executor(rank.world, links, std::chrono::seconds(10));
  const auto program = executor::compile(many_copies(), {}, rank.world);
  std::vector<float> input(kCount), output(kCount);
  executor::Operation operation;
  operation.launch.program = program.get();
  operation.launch.input = reinterpret_cast<std::byte*>(input.data());
  operation.launch.output = reinterpret_cast<std::byte*>(output.data());
  operation.launch.partition =
      schedule::make_partition(Collective::all_reduce, kCount, sizeof(float), 1,
                               {.max_chunk_bytes = program->max_chunk_bytes});
  executor::complete(&operation.launch);
  for (auto _ : state) {
    executor.start(&operation);
    executor.wait(&operation);
  }
  state.SetItemsProcessed(state.iterations() * kSteps);
  state.counters["ns_per_step"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * kSteps * 1e-9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(executor_steps);

void direct_copies(benchmark::State& state) {
  std::vector<float> input(kCount);
  std::vector<std::byte> slots(kSteps * 64);
  for (auto _ : state) {
    for (std::size_t i = 0; i < kSteps; ++i) {
      void* to = slots.data() + i * 64;
      reduce::copy(&to, 1, input.data(), kCount * sizeof(float), reduce::Store::cached);
    }
    benchmark::ClobberMemory();
  }
  state.counters["ns_per_step"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * kSteps * 1e-9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(direct_copies);

}  // namespace
