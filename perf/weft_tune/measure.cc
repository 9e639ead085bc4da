// weft-tune measure: times all candidates over a sweep, tells how good the choices are, and keeps
// the quickest.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "perf/common/command_line.h"
#include "perf/common/names.h"
#include "perf/common/sizes.h"
#include "perf/weft_tune/autotune.h"
#include "perf/weft_tune/commands.h"
#include "perf/weft_tune/file.h"

namespace weft::perf {
namespace {

struct MeasureArguments {
  Job job;
  std::vector<std::string> collectives = {"all_reduce"};
  SizeRange sizes = {.max_bytes = "16M", .factor = 4};
  double seconds = 0.5;
  bool allocated = false;
  Keeping keeping;
};

const TimedCandidate* quickest(const std::vector<TimedCandidate>& all) {
  const TimedCandidate* best = nullptr;
  for (const TimedCandidate& timed : all) {
    if (timed.us > 0 && (best == nullptr || timed.us < best->us)) best = &timed;
  }
  return best;
}

const TimedCandidate* chosen(const std::vector<TimedCandidate>& all) {
  const auto found =
      std::ranges::find_if(all, [](const TimedCandidate& timed) { return timed.candidate.chosen; });
  return found == all.end() ? nullptr : &*found;
}

// How often the choice was within 10% of the quickest.
struct Score {
  int points = 0;
  int good = 0;

  void print(Collective collective, std::size_t bytes, const std::vector<TimedCandidate>& all) {
    const TimedCandidate* best = quickest(all);
    const TimedCandidate* choice = chosen(all);
    if (best == nullptr || choice == nullptr) return;
    const double ratio = choice->us > 0 ? choice->us / best->us : 0;
    ++points;
    good += choice->us > 0 && ratio <= 1.10;
    fmt::print("{:<16}{:>10}  {:<40}{:>12.2f}  {:<40}{:>12.2f}{:>8}\n", text_of(collective),
               format_size(bytes), text_of(choice->candidate.how), choice->us,
               text_of(best->candidate.how), best->us,
               ratio > 0 ? fmt::format("{:.2f}", ratio) : "far");
    std::fflush(stdout);
  }
};

std::vector<tuner::MeasuredChoice> sweep(Communicator& communicator,
                                         const MeasureArguments& arguments, Score* score) {
  std::vector<tuner::MeasuredChoice> choices;
  const auto sizes = sizes_of(arguments.sizes);
  for (const std::string& name : arguments.collectives) {
    for (const std::size_t bytes : sizes) {
      const TimedCall call{parse_collective(name), bytes, arguments.allocated, arguments.seconds};
      const std::vector<TimedCandidate> all = autotune(communicator, call);
      const TimedCandidate* best = quickest(all);
      if (communicator.rank() != 0 || best == nullptr) continue;
      score->print(call.collective, bytes, all);
      const Preference& how = best->candidate.how;
      choices.push_back({call.collective, arguments.allocated, bytes, how.algorithm, how.protocol,
                         how.lanes, best->us});
    }
  }
  return choices;
}

// New measurements replace old ones of the same call.
void merge(std::vector<tuner::MeasuredChoice>& kept,
           const std::vector<tuner::MeasuredChoice>& fresh) {
  for (const tuner::MeasuredChoice& choice : fresh) {
    std::erase_if(kept, [&](const tuner::MeasuredChoice& old) {
      return old.collective == choice.collective && old.direct == choice.direct &&
             old.bytes == choice.bytes;
    });
    kept.push_back(choice);
  }
}

int measure(const MeasureArguments& arguments, const Options& options) {
  Communicator communicator = Communicator::create(options);
  if (communicator.rank() == 0) {
    fmt::print("# {}\n{:<16}{:>10}  {:<40}{:>12}  {:<40}{:>12}{:>8}\n", communicator.situation(),
               "collective", "size", "chosen", "us", "quickest", "us", "ratio");
  }
  Score score;
  const auto choices = sweep(communicator, arguments, &score);
  if (communicator.rank() != 0) return 0;
  fmt::print("# the choice is within 10% of the quickest at {} of {} points\n", score.good,
             score.points);
  keep(arguments.keeping, [&](tuner::Tuning& tuning) {
    merge(tuning.measured[communicator.situation()].choices, choices);
  });
  return 0;
}

}  // namespace

Run add_measure(CLI::App& app) {
  const auto arguments = std::make_shared<MeasureArguments>();
  app.add_option("collectives", arguments->collectives, list_of_collectives())
      ->capture_default_str();
  add_size_options(app, arguments->sizes);
  app.add_option("--seconds", arguments->seconds, "For each size, about")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_flag("--allocated", arguments->allocated, "Between buffers of Communicator::allocate()");
  add_keeping_options(app, arguments->keeping, "the quickest");
  add_job_options(app, arguments->job);
  return [arguments] {
    for (const std::string& name : arguments->collectives) parse_collective(name);
    sizes_of(arguments->sizes);
    return run_job(arguments->job,
                   [&](const Options& options) { return measure(*arguments, options); });
  };
}

}  // namespace weft::perf
