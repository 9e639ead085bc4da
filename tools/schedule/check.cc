#include "choose.h"
#include "commands.h"
#include "rank_list.h"
#include "schedule/verify.h"

#include "base/error.h"

#include <fmt/ranges.h>
#include <unistd.h>
#include <weft/collective_traits.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

namespace weft::tools {
namespace {

using algorithms::Algorithm;

// Up to so many ranks schedules are proven with parts of uneven length too: those are run element
// by element, which takes ten times as long.
constexpr int kMostUneven = 16;

struct CheckOptions {
  std::vector<int> hosts;
  std::string name;
  bool all = false;
  std::optional<Collective> collective;
  std::string ranks = "1-64";
  int jobs = 0;
};

// One algorithm for one number of ranks: every root (above 64 ranks a few of them), with load/store
// and without, or on hosts.
struct Case {
  const Algorithm* algorithm;
  int ranks;
  Layout layout = {};
};

struct Outcome {
  long proven = 0;
  std::vector<std::string> problems;
};

std::vector<int> roots(const Case& c) {
  if (!traits_of(c.algorithm->collective).rooted()) return {0};
  std::vector<int> list;
  const int step = c.ranks <= 64 ? 1 : c.ranks / 3;
  for (int root = 0; root < c.ranks; root += step) list.push_back(root);
  return list;
}

std::string text_of(const Case& c, const Group& group) {
  std::string where = group.load_store ? "" : ", no load/store";
  if (!c.layout.hosts.empty()) where = fmt::format(", hosts of {}", fmt::join(c.layout.hosts, ","));
  return fmt::format("{} {}, {} ranks, root {}, {} lane(s){}", name_of(c.algorithm->collective),
                     c.algorithm->name, c.ranks, group.root, group.lanes, where);
}

void prove(const Case& c, const Group& group, const std::vector<schedule::Schedule>& schedules,
           schedule::VerifyOptions options, Outcome& outcome) {
  options.load_store = group.load_store;
  options.hosts = c.layout.host_of_ranks();
  options.max_problems = 5;
  const auto problems = schedule::verify(schedules, options);
  if (problems.empty()) ++outcome.proven;
  const char* parts = options.partition == nullptr ? "" : ", uneven parts";
  for (const schedule::Problem& problem : problems)
    outcome.problems.push_back(text_of(c, group) + parts + ": " +
                               schedule::to_text(problem, schedules));
}

void check_one(const Case& c, const Group& group, Outcome& outcome) {
  // Few ranks are cheap: run passes until slots are reused. For many the proof that every pass
  // synchronizes stands for that.
  prove(c, group, make_all(*c.algorithm, group), {.passes = c.ranks <= 16 ? 4 : 1}, outcome);
}

// Parts of uneven length, a third of them empty, cut into chunks of a line: several passes.
void check_uneven(const Case& c, const Group& group, Outcome& outcome) {
  constexpr std::size_t kElement = 16;
  const auto schedules = make_all(*c.algorithm, group);
  std::vector<std::size_t> bounds = {0};
  for (std::size_t block = 0; block < static_cast<std::size_t>(schedules[0].blocks); ++block)
    bounds.push_back(bounds.back() + kElement * (block % 3 == 2 ? 0 : 1 + block * 5 % 11));
  const schedule::Partition partition = schedule::make_partition(
      bounds, kElement, {.lanes = group.lanes, .max_chunk_bytes = 4 * kElement});
  prove(c, group, schedules, {.partition = &partition, .element_bytes = kElement}, outcome);
}

Outcome check_case(const Case& c) {
  Outcome outcome;
  for (const bool load_store : {true, false}) {
    if (load_store && !c.layout.hosts.empty()) continue;
    for (const int root : roots(c)) check_one(c, {c.ranks, root, 1, load_store, c.layout}, outcome);
    check_one(c, {c.ranks, 0, 3, load_store, c.layout}, outcome);
    if (c.ranks <= kMostUneven && traits_of(c.algorithm->collective).moves_data())
      check_uneven(c, {c.ranks, c.ranks - 1, 2, load_store, c.layout}, outcome);
  }
  return outcome;
}

// Takes cases from a list with several threads.
class Checker {
 public:
  explicit Checker(std::vector<Case> cases) : cases_(std::move(cases)) {}

  // By algorithm.
  std::map<const Algorithm*, Outcome> run(int jobs) {
    std::vector<std::thread> threads;
    for (int i = 0; i < jobs; ++i) threads.emplace_back([this] { work(); });
    for (std::thread& thread : threads) thread.join();
    if (terminal_) fmt::print(stderr, "\r\033[K");
    return std::move(outcomes_);
  }

 private:
  void work() {
    for (std::size_t i = next_++; i < cases_.size(); i = next_++) {
      const Outcome outcome = check_case(cases_[i]);
      const std::lock_guard lock(mutex_);
      Outcome& sum = outcomes_[cases_[i].algorithm];
      sum.proven += outcome.proven;
      sum.problems.insert(sum.problems.end(), outcome.problems.begin(), outcome.problems.end());
      ++done_;
      if (terminal_) {
        fmt::print(stderr, "\r\033[K{}/{}  {} {}, {} ranks", done_, cases_.size(),
                   name_of(cases_[i].algorithm->collective), cases_[i].algorithm->name,
                   cases_[i].ranks);
      }
    }
  }

  std::vector<Case> cases_;
  bool terminal_ = isatty(STDERR_FILENO) != 0;
  std::atomic<std::size_t> next_ = 0;
  std::mutex mutex_;  // guards what follows
  std::size_t done_ = 0;
  std::map<const Algorithm*, Outcome> outcomes_;
};

// Where no hosts were named, algorithms that follow them are checked on a few layouts.
std::vector<Layout> layouts(const Algorithm& algorithm, int ranks, const Layout& named) {
  if (!named.hosts.empty()) return {named};
  return algorithm.hierarchical ? sample_layouts(ranks) : std::vector<Layout>(1);
}

// Large cases go first, so that no thread is left alone with one at the end.
std::vector<Case> make_cases(const std::vector<const Algorithm*>& chosen,
                             const std::vector<int>& ranks, const Layout& named) {
  std::vector<Case> cases;
  for (const Algorithm* algorithm : chosen) {
    if (algorithm->direct && !named.hosts.empty()) continue;
    for (const int count : ranks) {
      if (!algorithms::supports(*algorithm, count)) continue;
      for (Layout& layout : layouts(*algorithm, count, named))
        cases.push_back({algorithm, count, std::move(layout)});
    }
  }
  std::ranges::stable_sort(cases, std::greater{}, &Case::ranks);
  return cases;
}

int report(const std::vector<const Algorithm*>& chosen,
           std::map<const Algorithm*, Outcome>& outcomes, double seconds) {
  constexpr std::size_t kShown = 10;
  long proven = 0;
  std::size_t wrong = 0;
  for (const Algorithm* algorithm : chosen) {
    const Outcome& outcome = outcomes[algorithm];
    proven += outcome.proven;
    fmt::print(
        "{:<16}{:<30}{:>6} proven{}\n", name_of(algorithm->collective), algorithm->name,
        outcome.proven,
        outcome.problems.empty() ? "" : fmt::format(", {} PROBLEMS", outcome.problems.size()));
    wrong += outcome.problems.size();
    for (std::size_t i = 0; i < std::min(kShown, outcome.problems.size()); ++i) {
      fmt::print("    {}\n", outcome.problems[i]);
    }
  }
  fmt::print("{}: {} algorithms, {} cases proven, {} problems, {:.1f} s\n",
             wrong == 0 ? "ok" : "FAILED", chosen.size(), proven, wrong, seconds);
  return wrong == 0 ? 0 : 1;
}

int check(const CheckOptions& options) {
  if (options.all == !options.name.empty()) {
    fail(ErrorCode::invalid_argument, "name an algorithm, or say --all");
  }
  const auto chosen = choose(options.name, options.collective);
  const Layout named{options.hosts};
  const auto ranks =
      options.hosts.empty() ? parse_rank_list(options.ranks) : std::vector{named.ranks()};
  std::vector<Case> cases = make_cases(chosen, ranks, named);
  if (cases.empty()) {
    fail(ErrorCode::invalid_argument, "'{}' serves none of these rank counts: {}", options.name,
         options.ranks);
  }
  const int jobs = options.jobs > 0
                       ? options.jobs
                       : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const auto start = std::chrono::steady_clock::now();
  auto outcomes = Checker(std::move(cases)).run(jobs);
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  return report(chosen, outcomes, time.count());
}

}  // namespace

Run add_check(CLI::App& app) {
  const auto options = std::make_shared<CheckOptions>();
  app.add_option("name", options->name, "Algorithm, see weft-schedule list");
  app.add_flag("--all", options->all, "All algorithms");
  add_collective_option(app, options->collective);
  app.add_option(
         "-n,--ranks", options->ranks,
         "Rank counts: numbers and ranges. Up to 64 ranks every root is checked, above a few")
      ->capture_default_str();
  app.add_option("--hosts", options->hosts, "Ranks of each host, e.g. 2,2,3, instead of --ranks")
      ->delimiter(',')
      ->check(CLI::Range(1, 4096));
  app.add_option("-j,--jobs", options->jobs, "Threads; 0: one for each processor")
      ->capture_default_str()
      ->check(CLI::Range(0, 1024));
  return [options] { return check(*options); };
}

}  // namespace weft::tools
