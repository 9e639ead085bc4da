#include "perf/weft_tune/autotune.h"

#include <weft/collective_traits.h>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "perf/common/names.h"
#include "perf/common/setting.h"
#include "perf/common/statistics.h"
#include "perf/weft_perf/weft_candidate.h"

namespace weft::perf {
namespace {

constexpr int kRounds = 5;

// The call with its buffers.
class Rounds {
 public:
  Rounds(Communicator& communicator, const TimedCall& call)
      : communicator_(communicator),
        call_(call),
        weft_(communicator, {.plan = true, .allocated = call.allocated}) {
    const int ranks = communicator.size();
    const CollectiveTraits& traits = traits_of(call.collective);
    operation_.collective = call.collective;
    operation_.count = std::max<std::size_t>(call.bytes / sizeof(float), 1);
    const auto buffer = [&](std::size_t elements) {
      return weft_.allocate(std::max<std::size_t>(elements, 1) * sizeof(float));
    };
    input_ = buffer(traits.input_elements(operation_.count, ranks));
    output_ = buffer(traits.output_elements(operation_.count, ranks));
    operation_.input = input_.get();
    operation_.output = output_.get();
  }

  void prefer(const Preference& how) {
    communicator_.prefer(call_.collective, how);
    weft_.prepare(operation_);
  }

  // Microseconds until the last rank is done with a call that all begin together, which is what
  // prices mean; what rank 0 saw, at every rank.
  double time(double seconds) {
    const Timing timing =
        measure_apart(weft_, operation_, call_.bytes, {.budget_seconds = seconds}, {.sync = true});
    return shared(timing.microseconds.median);
  }
  // The quickest of a few calls: one may meet anything.
  double glance() {
    constexpr int kCalls = 5;
    double best = std::numeric_limits<double>::max();
    for (int i = 0; i < kCalls; ++i) {
      weft_.barrier();
      const auto start = std::chrono::steady_clock::now();
      weft_.run();
      const std::chrono::duration<double, std::micro> took =
          std::chrono::steady_clock::now() - start;
      best = std::min(best, took.count());
    }
    return shared(best);
  }

 private:
  double shared(double us) {
    const auto ns = static_cast<std::int64_t>(us * 1e3);
    communicator_.prefer(Collective::all_reduce, {});
    const std::int64_t sum = weft_.sum_over_ranks(communicator_.rank() == 0 ? ns : 0);
    return static_cast<double>(sum) / 1e3;
  }

  Communicator& communicator_;
  TimedCall call_;
  WeftCandidate weft_;
  Operation operation_;
  Memory input_;
  Memory output_;
};

}  // namespace

std::vector<TimedCandidate> autotune(Communicator& communicator, const TimedCall& call,
                                     double hopeless) {
  std::vector<TimedCandidate> all;
  for (auto& candidate : communicator.candidates(call.collective, call.bytes, call.allocated))
    all.push_back({std::move(candidate)});
  Rounds rounds(communicator, call);
  std::vector<TimedCandidate*> running;
  double quickest = std::numeric_limits<double>::max();
  for (TimedCandidate& timed : all) {
    if (timed.candidate.predicted_us > hopeless * all.front().candidate.predicted_us) continue;
    rounds.prefer(timed.candidate.how);
    timed.us = rounds.glance();
    quickest = std::min(quickest, timed.us);
    running.push_back(&timed);
  }
  std::erase_if(running, [&](TimedCandidate* timed) {
    const bool gone = timed->us > hopeless * quickest && !timed->candidate.chosen;
    timed->us = 0;
    return gone;
  });
  std::vector<std::vector<double>> times(running.size());
  const double budget = call.seconds / kRounds / static_cast<double>(running.size());
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < running.size(); ++i) {
      rounds.prefer(running[i]->candidate.how);
      times[i].push_back(rounds.time(budget));
    }
  }
  for (std::size_t i = 0; i < running.size(); ++i) running[i]->us = median_of(times[i]);
  communicator.prefer(call.collective, {});
  return all;
}

std::string text_of(const Preference& how) {
  return fmt::format("{}, {}, {} lane{}", how.algorithm,
                     how.protocol == Protocol::packet ? "packet" : "bulk", how.lanes,
                     how.lanes == 1 ? "" : "s");
}

}  // namespace weft::perf
