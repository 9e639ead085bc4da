#include "perf/weft_perf/moe.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <random>
#include <vector>

#include "perf/common/columns.h"
#include "perf/common/sizes.h"
#include "perf/common/statistics.h"

namespace weft::perf {
namespace {

constexpr int kTopK = 8;
constexpr int kLeastExperts = 32;
constexpr std::uint16_t kOne = 0x3F80;  // bf16

struct Times {
  std::vector<double> dispatch_us, combine_us;
};

class Layer {
 public:
  Layer(Communicator& communicator, int tokens, std::size_t hidden)
      : tokens_(tokens),
        options_{.experts = experts(communicator.size()),
                 .top_k = kTopK,
                 .max_tokens = tokens,
                 .hidden = hidden},
        plan_(communicator.plan_moe(options_)),
        input_(static_cast<std::size_t>(tokens) * hidden, kOne),
        output_(input_.size()),
        outputs_(static_cast<std::size_t>(communicator.size()) * kTopK * input_.size(), kOne),
        weights_(static_cast<std::size_t>(tokens) * kTopK, 1.0f / kTopK) {
    std::mt19937 random(static_cast<unsigned>(communicator.rank()));
    std::vector<std::int32_t> all(static_cast<std::size_t>(options_.experts));
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::int32_t>(i);
    for (int token = 0; token < tokens; ++token) {
      std::shuffle(all.begin(), all.end(), random);
      ids_.insert(ids_.end(), all.begin(), all.begin() + kTopK);
    }
  }

  // The experts take no time: their outputs are ones, whatever comes.
  void run(Times* times) {
    using Clock = std::chrono::steady_clock;
    const auto microseconds = [](Clock::duration d) {
      return std::chrono::duration<double, std::micro>(d).count();
    };
    const auto begin = Clock::now();
    plan_.dispatch_start(input_.data(), ids_.data(), tokens_);
    plan_.dispatch_finish();
    const auto middle = Clock::now();
    plan_.combine_start(outputs_.data());
    plan_.combine_finish(output_.data(), weights_.data());
    const auto end = Clock::now();
    if (times == nullptr) return;
    times->dispatch_us.push_back(microseconds(middle - begin));
    times->combine_us.push_back(microseconds(end - middle));
  }

  // Eight ones weighted by an eighth.
  std::int64_t wrong() const {
    return std::count_if(output_.begin(), output_.end(), [](auto value) { return value != kOne; });
  }

 private:
  static int experts(int ranks) { return (kLeastExperts + ranks - 1) / ranks * ranks; }

  const int tokens_;
  const MoeOptions options_;
  MoePlan plan_;
  std::vector<std::uint16_t> input_, output_, outputs_;
  std::vector<float> weights_;
  std::vector<std::int32_t> ids_;
};

void print(const char* part, int tokens, std::size_t hidden, std::vector<double> times,
           std::int64_t wrong) {
  std::sort(times.begin(), times.end());
  const Statistics s = summarize(times);
  fmt::print("{:>7} {:>7} {:>9} {:>9.1f} {:>9.1f} {:>9.1f} {:>9.1f} {:>9.1f} {:>7} {:>7}\n", tokens,
             hidden, part, s.min, s.median, s.mean, s.p99, percentile(times, 99.9), times.size(),
             wrong);
}

std::int64_t measure(Communicator& communicator, int tokens, std::size_t hidden,
                     std::size_t iterations) {
  Layer layer(communicator, tokens, hidden);
  constexpr std::size_t kElements = 500'000'000;  // in all calls of a size
  const std::size_t by_size = kElements / (static_cast<std::size_t>(tokens) * hidden * kTopK);
  const std::size_t calls =
      iterations > 0 ? iterations : std::clamp<std::size_t>(by_size, 50, 2000);
  for (std::size_t i = 0; i < calls / 10 + 5; ++i) layer.run(nullptr);
  Times times;
  times.dispatch_us.reserve(calls);
  times.combine_us.reserve(calls);
  communicator.barrier();
  for (std::size_t i = 0; i < calls; ++i) layer.run(&times);
  const std::int64_t own = layer.wrong();
  std::int64_t wrong = 0;
  communicator.all_reduce(&own, &wrong, 1, DataType::i64, ReduceOp::sum);
  if (communicator.rank() == 0) {
    print("dispatch", tokens, hidden, std::move(times.dispatch_us), wrong);
    print("combine", tokens, hidden, std::move(times.combine_us), wrong);
    std::fflush(stdout);
  }
  return wrong;
}

}  // namespace

int run_moe(Communicator& communicator, const SweepArguments& sweep) {
  if (communicator.rank() == 0) {
    fmt::print(
        "# weft-perf moe (weft {}): {} ranks, {} of {} experts or more, bf16; {}\n"
        "# from start to finish at rank 0, in us; typical is the median\n"
        "{:>7} {:>7} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>7} {:>7}\n",
        WEFT_VERSION, communicator.size(), kTopK, kLeastExperts, communicator.routes(), "tokens",
        "hidden", "part", "min", "typical", "average", "p99", "p99.9", "calls", "#wrong");
  }
  std::int64_t wrong = 0;
  for (const std::size_t hidden : {2048, 7168}) {
    for (const int tokens : {8, 32, 128, 256}) {
      const std::size_t bytes = static_cast<std::size_t>(tokens) * hidden * sizeof(kOne);
      if (bytes >= parse_size(sweep.min_bytes) && bytes <= parse_size(sweep.max_bytes))
        wrong += measure(communicator, tokens, hidden, sweep.iterations);
    }
  }
  if (communicator.rank() == 0) print_verdict(stdout, "Wrong values", wrong);
  return wrong == 0 ? 0 : 1;
}

}  // namespace weft::perf
