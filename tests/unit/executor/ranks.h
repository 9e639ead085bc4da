// Executors of several ranks in one thread, over the simulated transport inside the fault
// decorator, with a clock that the test sets: what ranks do to each other, in an order that the
// test chooses.
#pragma once

#include <atomic>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "algorithms/registry.h"
#include "communicator/collectives/programs.h"
#include "executor/executor.h"
#include "transport/fault.h"
#include "transport/loader.h"

namespace weft::executor {

struct SetClock final : Clock {
  // Goes on by a little with every look, so that waits end.
  std::int64_t now_ns() const override {
    odd = !odd;
    return now += odd ? 1000 : 1000 + line_ns;
  }
  mutable std::int64_t now = 1;
  mutable bool odd = false;
  std::int64_t line_ns = 0;  // what executors take every other look for a word to last
};

inline const transport::Plugin& sim() {
  for (const transport::Plugin* plugin : transport::builtin_plugins()) {
    if (std::string(plugin->name) == "sim") return *plugin;
  }
  throw std::runtime_error("no simulated transport");
}

inline void require_ok(const transport::Status& status) {
  if (!status.ok()) throw std::runtime_error(status.message);
}

struct Rank {
  Rank(const SetClock& clock, int rank, int ranks, const transport::FaultRules& rules)
      : links(clock, ranks) {
    transport::OpenOptions options;
    options.rank = rank;
    options.size = ranks;
    options.context = this;
    options.report_failure = [](void* context, const transport::Failure* failure) {
      static_cast<Rank*>(context)->links.failures.peer_failed("sim", failure->peer, failure->cause);
    };
    transport::Status why;
    inner = sim().open(&options, &why);
    if (inner == nullptr) throw std::runtime_error(why.message);
    faulty = std::make_unique<transport::FaultyTransport>(*inner, options, rules);
    world.rank = rank;
    world.ranks = ranks;
    world.layout = memory::make_segment_layout(ranks, std::size_t{1} << 20);
    world.links.resize(static_cast<std::size_t>(ranks));
    world.transports = {faulty.get()};
    world.clock = &clock;
    require_ok(faulty->allocate(world.layout.total, &segment));
    world.segment = static_cast<std::byte*>(segment.address);
  }
  ~Rank() {
    executor.reset();
    faulty.reset();
    sim().close(inner);
  }

  void meet(std::vector<std::unique_ptr<Rank>>& all) {
    for (int peer = 0; peer < world.ranks; ++peer) {
      Rank& other = *all[static_cast<std::size_t>(peer)];
      require_ok(faulty->connect(peer, other.inner->address()));
    }
    for (int peer = 0; peer < world.ranks; ++peer) {
      Rank& other = *all[static_cast<std::size_t>(peer)];
      while (!faulty->connected(peer)) faulty->progress();
      Link& link = world.links[static_cast<std::size_t>(peer)];
      link.peer = peer;
      link.transport = faulty.get();
      link.transport_name = "sim";
      require_ok(faulty->import_memory(peer, other.segment.key, &link.segment_memory));
      links.failures.route(peer, "sim");
    }
    links.progress.attend({faulty.get()});
    links.progress.idle_by({});
    executor = std::make_unique<Executor>(world, links, std::chrono::milliseconds(50));
  }

  links::Links links;
  transport::Transport* inner = nullptr;
  std::unique_ptr<transport::FaultyTransport> faulty;
  transport::LocalMemory segment;
  std::atomic<std::uint32_t> bell{0};
  World world;
  std::unique_ptr<Executor> executor;
};

class Ranks {
 public:
  // `rules`: what goes wrong with the puts of rank 0.
  explicit Ranks(int count, const transport::FaultRules& rules = {}) {
    for (int rank = 0; rank < count; ++rank)
      all_.push_back(
          std::make_unique<Rank>(clock, rank, count, rank == 0 ? rules : transport::FaultRules()));
    for (auto& rank : all_) rank->meet(all_);
  }
  Rank& operator[](int rank) { return *all_[static_cast<std::size_t>(rank)]; }
  int size() const { return static_cast<int>(all_.size()); }

  SetClock clock;

 private:
  std::vector<std::unique_ptr<Rank>> all_;
};

// An all_reduce (sum of i32) of one rank, by name.
struct AllReduce {
  AllReduce(Rank& rank, const std::string& algorithm, std::size_t count)
      : input(count), output(count) {
    algorithms::PlanInput input_of_plan;
    input_of_plan.rank = rank.world.rank;
    input_of_plan.ranks = rank.world.ranks;
    const algorithms::Algorithm* found = algorithms::find(Collective::all_reduce, algorithm);
    input_of_plan.load_store = false;
    program = compile(found->make(input_of_plan), {}, rank.world);
    operation.launch =
        Programs::launch({Collective::all_reduce, DataType::i32, ReduceOp::sum, 0, count}, *program,
                         rank.world.ranks);
    operation.launch.input = reinterpret_cast<const std::byte*>(input.data());
    operation.launch.output = reinterpret_cast<std::byte*>(output.data());
    for (std::size_t i = 0; i < count; ++i)
      input[i] = static_cast<std::int32_t>(i) + rank.world.rank;
  }
  bool right(int ranks) const {
    const int extra = ranks * (ranks - 1) / 2;
    for (std::size_t i = 0; i < output.size(); ++i) {
      if (output[i] != ranks * static_cast<std::int32_t>(i) + extra) return false;
    }
    return true;
  }
  std::vector<std::int32_t> input, output;
  std::unique_ptr<Program> program;
  Operation operation;
};

}  // namespace weft::executor
