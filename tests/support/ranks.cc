#include "support/ranks.h"

#include <fmt/format.h>

#include <mutex>
#include <thread>
#include <vector>

#include "bootstrap/bootstrap.h"

namespace weft::testing {
namespace {

OptionsBody with_communicator(const Body& body) {
  return [body](const Options& options) {
    Communicator communicator = Communicator::create(options);
    body(communicator);
  };
}

}  // namespace

void run_threads(int ranks, const Options& options, const OptionsBody& body) {
  const auto bootstraps = bootstrap::make_local(ranks);
  std::mutex mutex;
  std::string first;
  std::vector<std::thread> threads;
  for (int rank = 0; rank < ranks; ++rank) {
    threads.emplace_back([&, rank] {
      Options mine = options;
      mine.bootstrap = bootstraps[static_cast<std::size_t>(rank)];
      try {
        body(mine);
      } catch (const std::exception& error) {
        const std::lock_guard lock(mutex);
        if (first.empty()) first = fmt::format("rank {}: {}", rank, error.what());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (!first.empty()) throw std::runtime_error(first);
}

void run_threads(int ranks, const Options& options, const Body& body) {
  run_threads(ranks, options, with_communicator(body));
}

int run_processes(int ranks, const Options& options, const OptionsBody& body) {
  return run_local_ranks(ranks,
                         [&](const Options& start) {
                           Options mine = options;
                           mine.bootstrap = start.bootstrap;
                           mine.rank = start.rank;
                           mine.size = start.size;
                           mine.root_address = start.root_address;
                           body(mine);
                           return 0;
                         },
                         {.grace = std::chrono::seconds(5)});
}

int run_processes(int ranks, const Options& options, const Body& body) {
  return run_processes(ranks, options, with_communicator(body));
}

void expect_error(ErrorCode code, const std::string& part, const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    require(error.code() == code, fmt::format("error {} expected, got {}: {}", name_of(code),
                                              name_of(error.code()), error.what()));
    require(std::string(error.what()).find(part) != std::string::npos,
            fmt::format("\"{}\" expected in: {}", part, error.what()));
    return;
  }
  throw std::runtime_error(fmt::format("no error; {} expected", name_of(code)));
}

}  // namespace weft::testing
