#include "perf/common/setting.h"

#include "perf/common/names.h"
#include "perf/common/ticks.h"

#include <weft/collective_traits.h>

#include <algorithm>
#include <cstring>

namespace weft::perf {
namespace {

constexpr std::size_t kMostCalls = 4000;
constexpr std::size_t kFewestCalls = 5;
constexpr std::size_t kSlice = 100;  // calls between two looks at the placement

// The least that two reads of the clock are apart.
std::uint64_t ticks_of_a_read() {
  std::uint64_t least = ~std::uint64_t{0};
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t begin = ticks_now();
    least = std::min(least, ticks_now() - begin);
  }
  return least;
}

class Apart {
 public:
  Apart(Candidate& candidate, const Operation& operation, const Setting& setting)
      : candidate_(candidate), input_(const_cast<void*>(operation.input)), setting_(setting) {
    const CollectiveTraits& traits = traits_of(operation.collective);
    if (traits.reads(candidate.rank(), operation.root))
      input_bytes_ =
          traits.input_elements(operation.count, candidate.size()) * element_bytes(operation.type);
  }

  // Ticks of one call at this rank.
  std::uint64_t call() {
    if (setting_.mixed) candidate_.sum_over_ranks(1);
    if (setting_.fresh && input_bytes_ > 0)
      std::memset(input_, 0x30 | (++fill_ & 0xf), input_bytes_);
    if (setting_.sync) candidate_.barrier();
    const std::uint64_t begin = ticks_now();
    candidate_.run();
    return ticks_now() - begin;
  }

 private:
  Candidate& candidate_;
  void* input_;
  std::size_t input_bytes_ = 0;
  Setting setting_;
  int fill_ = 0;
};

// Each rank's numbers in turn, so that all know the largest.
void take_longest(Ranks& job, std::vector<std::uint64_t>& ticks) {
  for (std::uint64_t& own : ticks) {
    std::int64_t longest = 0;
    for (int rank = 0; rank < job.size(); ++rank) {
      const std::int64_t mine = rank == job.rank() ? static_cast<std::int64_t>(own) : 0;
      longest = std::max(longest, job.sum_over_ranks(mine));
    }
    own = static_cast<std::uint64_t>(longest);
  }
}

}  // namespace

std::string text_of(const Setting& setting) {
  std::string text;
  const auto add = [&](bool there, const char* word) {
    if (there) text += (text.empty() ? "" : ",") + std::string(word);
  };
  add(setting.mixed, "mixed");
  add(setting.fresh, "fresh");
  add(setting.sync, "sync");
  return text.empty() ? "loop" : text;
}

Timing measure_apart(Candidate& candidate, const Operation& operation, std::size_t bytes,
                     const Effort& effort, const Setting& setting, const Keep& keep) {
  Apart apart(candidate, operation, setting);
  const auto calls = [&](std::size_t count) {
    for (; count > 0; --count) apart.call();
  };
  calls(warmup_calls(bytes, effort));
  const double budgeted = effort.budget_seconds / seconds_of_a_call(candidate, calls);
  const std::size_t wanted = effort.iterations.value_or(
      std::clamp(static_cast<std::size_t>(budgeted), kFewestCalls, kMostCalls));
  const std::uint64_t read = ticks_of_a_read();
  Timing timing;
  std::vector<std::uint64_t> slice;
  while (timing.singles.size() < wanted) {
    slice.resize(std::min(kSlice, wanted - timing.singles.size()));
    candidate.barrier();
    for (std::uint64_t& ticks : slice) {
      ticks = apart.call();
      ticks -= std::min(read, ticks);
    }
    take_longest(candidate, slice);
    if (keep && !keep()) continue;
    for (const std::uint64_t ticks : slice)
      timing.singles.push_back(static_cast<double>(ticks) * seconds_per_tick() * 1e6);
  }
  timing.microseconds = summarize(timing.singles);
  return timing;
}

}  // namespace weft::perf
