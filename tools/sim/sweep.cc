#include "sweep.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <numeric>
#include <thread>

#include "base/error.h"
#include "base/names.h"
#include "task.h"

namespace weft::tools {
namespace {

using algorithms::Algorithm;

// What a few ranks' schedules tell of all: some have much to do and some little.
struct Sample {
  std::uint64_t steps = 0;
  bool fits = false;  // into the slots of a lane, in bulk
};

Sample sample(const Algorithm& algorithm, algorithms::PlanInput plan,
              const memory::SegmentLayout& layout) {
  constexpr std::size_t kLine = 64;
  Sample sample;
  const int ranks = std::min(plan.ranks, 4);
  for (int i = 0; i < ranks; ++i) {
    plan.rank = (plan.root + i) % plan.ranks;
    const schedule::Schedule schedule = algorithm.make(plan);
    for (const schedule::Lane& lane : schedule.lanes) sample.steps += lane.steps.size();
    const auto blocks =
        std::accumulate(schedule.slot_blocks.begin(), schedule.slot_blocks.end(), std::size_t{0});
    sample.fits = schedule.slot_blocks.size() <= static_cast<std::size_t>(layout.slots) &&
                  blocks * kLine <= layout.lane_bytes;
  }
  sample.steps *= static_cast<std::uint64_t>(plan.ranks);
  sample.steps /= static_cast<std::uint64_t>(ranks);
  return sample;
}

constexpr const char* kTooLarge = "does not fit the shared memory of a rank; see --shared-bytes";

std::string reason_against(const Sample& sample, const Sweep& sweep, double max_steps) {
  const auto steps = static_cast<double>(sample.steps);
  if (steps > max_steps) {
    return fmt::format("takes {:.3g} million steps; --max-steps allows {:.3g}", steps / 1e6,
                       max_steps / 1e6);
  }
  return sample.fits || all_mapped(sweep.fabric) ? "" : kTooLarge;
}

std::string reason_against(const Algorithm& algorithm, const Sweep& sweep) {
  if (!algorithms::supports(algorithm, sweep.fabric.ranks()))
    return algorithm.power_of_two ? "works for powers of two only" : "does not serve so many ranks";
  if (algorithm.direct && !all_mapped(sweep.fabric))
    return "needs every rank mapped by every other";
  if (algorithm.hierarchical && sweep.fabric.shape.levels.empty())
    return "needs some ranks nearer to each other than to others";
  return "";
}

std::vector<SimulatedAlgorithm> make_candidates(const Sweep& sweep, const SimOptions& options) {
  std::vector<SimulatedAlgorithm> candidates;
  std::vector<std::string> wanted = names_in(options.algorithms);
  for (const Algorithm& algorithm : algorithms::all()) {
    if (algorithm.collective != sweep.collective) continue;
    if (!options.algorithms.empty() && std::erase(wanted, std::string(algorithm.name)) == 0)
      continue;
    SimulatedAlgorithm candidate;
    candidate.algorithm = &algorithm;
    candidate.left_out = reason_against(algorithm, sweep);
    if (candidate.left_out.empty()) {
      const Sample some = sample(algorithm, plan_of(sweep, options, 1), sweep.segment.layout);
      candidate.steps = some.steps;
      candidate.left_out = reason_against(some, sweep, options.max_steps);
    }
    candidate.prices.resize(sweep.sizes.size());
    candidates.push_back(std::move(candidate));
  }
  if (!wanted.empty()) {
    fail(ErrorCode::invalid_argument, "{} has no algorithm '{}'; see weft-schedule list",
         name_of(sweep.collective), wanted.front());
  }
  return candidates;
}

// Takes tasks from a list with several threads, the largest first.
class Sweeper {
 public:
  explicit Sweeper(std::vector<Task> tasks) : tasks_(std::move(tasks)) {
    std::ranges::stable_sort(tasks_, std::greater{}, &Task::steps);
  }

  void run(int jobs) {
    std::vector<std::thread> threads;
    for (int i = 0; i < jobs; ++i) threads.emplace_back([this] { work(); });
    for (std::thread& thread : threads) thread.join();
    if (terminal_) fmt::print(stderr, "\r\033[K");
    if (failure_ != nullptr) std::rethrow_exception(failure_);
  }

 private:
  void work() {
    for (std::size_t i = next_++; i < tasks_.size(); i = next_++) {
      const Task& task = tasks_[i];
      try {
        task.run([&](std::size_t size, const Price& price) { note(task, size, price); });
      } catch (...) {
        const std::lock_guard lock(mutex_);
        if (failure_ == nullptr) failure_ = std::current_exception();
        return;
      }
      ++done_;
    }
  }

  void note(const Task& task, std::size_t size, const Price& price) {
    const std::lock_guard lock(mutex_);
    std::optional<Price>& best = task.candidate().prices[size];
    if (!best || price.ns < best->ns) best = price;
    if (!terminal_) return;
    fmt::print(stderr, "\r\033[K{}/{}  {}", done_.load(), tasks_.size(),
               task.candidate().algorithm->name);
    std::fflush(stderr);
  }

  std::vector<Task> tasks_;
  bool terminal_ = isatty(STDERR_FILENO) != 0;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<std::size_t> done_ = 0;
  std::mutex mutex_;  // guards prices and what follows
  std::exception_ptr failure_;
};

}  // namespace

const SimulatedAlgorithm* Sweep::winner(std::size_t size) const {
  const SimulatedAlgorithm* best = nullptr;
  for (const SimulatedAlgorithm& candidate : candidates) {
    if (!candidate.prices[size]) continue;
    if (best == nullptr || candidate.prices[size]->ns < best->prices[size]->ns) best = &candidate;
  }
  return best;
}

Sweep sweep(const SimOptions& options) {
  Sweep sweep;
  sweep.collective = collective_of(options);
  sweep.sizes = sizes_of(options);
  sweep.fabric = fabric_of(options);
  sweep.segment = segment_of(options);
  sweep.candidates = make_candidates(sweep, options);
  std::vector<Task> tasks;
  for (SimulatedAlgorithm& candidate : sweep.candidates) {
    if (!candidate.left_out.empty()) continue;
    if (options.lanes < 2) tasks.emplace_back(sweep, options, candidate, 1);
    const bool worth = options.lanes == 0 && sweep.sizes.back() > 0 &&
                       2 * static_cast<double>(candidate.steps) <= options.max_steps;
    if (options.lanes == 2 || worth) tasks.emplace_back(sweep, options, candidate, 2);
  }
  Sweeper(std::move(tasks)).run(options.jobs);
  for (SimulatedAlgorithm& candidate : sweep.candidates) {
    const bool any =
        std::ranges::any_of(candidate.prices, [](const auto& p) { return p.has_value(); });
    if (candidate.left_out.empty() && !any) candidate.left_out = kTooLarge;
  }
  return sweep;
}

}  // namespace weft::tools
