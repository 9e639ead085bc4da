#include "perf/weft_tune/contest.h"

#include <weft/collective_traits.h>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "perf/common/names.h"
#include "perf/common/statistics.h"
#include "perf/common/timing.h"
#include "perf/weft_perf/weft_candidate.h"

namespace weft::perf {
namespace {

constexpr int kRounds = 5;

// The call with its buffers.
class Bout {
 public:
  Bout(Communicator& communicator, const Contest& contest)
      : communicator_(communicator),
        contest_(contest),
        weft_(communicator, {.plan = true, .allocated = contest.allocated}) {
    const int ranks = communicator.size();
    const CollectiveTraits& traits = traits_of(contest.collective);
    operation_.collective = contest.collective;
    operation_.count = std::max<std::size_t>(contest.bytes / sizeof(float), 1);
    const auto buffer = [&](std::size_t elements) {
      return weft_.allocate(std::max<std::size_t>(elements, 1) * sizeof(float));
    };
    input_ = buffer(traits.input_elements(operation_.count, ranks));
    output_ = buffer(traits.output_elements(operation_.count, ranks));
    operation_.input = input_.get();
    operation_.output = output_.get();
  }

  void prefer(const Preference& how) {
    communicator_.prefer(contest_.collective, how);
    weft_.prepare(operation_);
  }

  // Microseconds; what rank 0 saw, at every rank.
  double time(double seconds) {
    const Timing timing = measure(weft_, contest_.bytes, {.budget_seconds = seconds});
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
  Contest contest_;
  WeftCandidate weft_;
  Operation operation_;
  Memory input_;
  Memory output_;
};

}  // namespace

std::vector<Contestant> hold(Communicator& communicator, const Contest& contest, double hopeless) {
  std::vector<Contestant> all;
  for (auto& candidate :
       communicator.candidates(contest.collective, contest.bytes, contest.allocated))
    all.push_back({std::move(candidate)});
  Bout bout(communicator, contest);
  std::vector<Contestant*> running;
  double quickest = std::numeric_limits<double>::max();
  for (Contestant& contestant : all) {
    if (contestant.candidate.predicted_us > hopeless * all.front().candidate.predicted_us) continue;
    bout.prefer(contestant.candidate.how);
    contestant.us = bout.glance();
    quickest = std::min(quickest, contestant.us);
    running.push_back(&contestant);
  }
  std::erase_if(running, [&](Contestant* contestant) {
    const bool gone = contestant->us > hopeless * quickest && !contestant->candidate.chosen;
    contestant->us = 0;
    return gone;
  });
  std::vector<std::vector<double>> times(running.size());
  const double budget = contest.seconds / kRounds / static_cast<double>(running.size());
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < running.size(); ++i) {
      bout.prefer(running[i]->candidate.how);
      times[i].push_back(bout.time(budget));
    }
  }
  for (std::size_t i = 0; i < running.size(); ++i) running[i]->us = median_of(times[i]);
  communicator.prefer(contest.collective, {});
  return all;
}

std::string text_of(const Preference& how) {
  return fmt::format("{}, {}, {} lane{}", how.algorithm,
                     how.protocol == Protocol::packet ? "packet" : "bulk", how.lanes,
                     how.lanes == 1 ? "" : "s");
}

}  // namespace weft::perf
