// What the cost model itself costs: making one rank's schedule of a very large group, and pricing
// all ranks' schedules, for a communicator that chooses among a dozen candidates at its first call
// of a size and for weft-sim's thousands of ranks.
#include <benchmark/benchmark.h>

#include <string>

#include "tuner/cost.h"

namespace weft::tuner {
namespace {

using algorithms::Algorithm;

algorithms::PlanInput plan_of(const Algorithm& algorithm, const Fabric& fabric) {
  return {.collective = algorithm.collective,
          .ranks = fabric.ranks(),
          .load_store = fabric.hosts == 1,
          .shape = &fabric.shape};
}

void generate(benchmark::State& state, const Algorithm& algorithm, int ranks) {
  algorithms::PlanInput plan{.collective = algorithm.collective, .rank = 5, .ranks = ranks};
  plan.load_store = false;
  for (auto _ : state) benchmark::DoNotOptimize(algorithm.make(plan));
}

void price_all(benchmark::State& state, const Algorithm& algorithm, const Fabric& fabric,
               std::size_t bytes) {
  const Workload workload(algorithm, plan_of(algorithm, fabric));
  Pricer pricer(fabric);
  const Message message{.count = bytes / 4};
  for (auto _ : state) benchmark::DoNotOptimize(pricer.price(workload, message).ns);
  state.counters["ns_per_step"] =
      benchmark::Counter(static_cast<double>(state.iterations() * workload.steps()) * 1e-9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

// What a communicator does that has priced nothing yet.
void make_and_price(benchmark::State& state, const Algorithm& algorithm, const Fabric& fabric,
                    std::size_t bytes) {
  for (auto _ : state) {
    const Workload workload(algorithm, plan_of(algorithm, fabric));
    benchmark::DoNotOptimize(price(workload, {.count = bytes / 4}, fabric).ns);
  }
}

void add_benchmarks() {
  static const Fabric host = make_fabric(even_places(1, 8, 1, 1), {}, {});
  static const Fabric hosts = make_fabric(even_places(8, 1, 1, 1), {}, {});
  static const Fabric many =
      make_fabric(even_places(128, 8, 1, 1), {}, parse_network("fat-tree:2:1", 128));
  const auto add = [](const std::string& name, const auto& run) {
    benchmark::RegisterBenchmark(name.c_str(), run)->Unit(benchmark::kMicrosecond);
  };
  for (const Algorithm& algorithm : algorithms::all()) {
    if (algorithm.collective != Collective::all_reduce || algorithm.hierarchical) continue;
    const std::string name(algorithm.name);
    add("generate/16384/" + name, [&](auto& state) { generate(state, algorithm, 16384); });
    add("make_and_price/host_of_8/" + name,
        [&](auto& state) { make_and_price(state, algorithm, host, 65536); });
    if (algorithm.direct) continue;
    add("price/8_hosts/" + name, [&](auto& state) { price_all(state, algorithm, hosts, 65536); });
    add("price/128x8/" + name, [&](auto& state) { price_all(state, algorithm, many, 1 << 20); });
  }
}

}  // namespace
}  // namespace weft::tuner

int main(int argc, char** argv) {
  weft::tuner::add_benchmarks();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
