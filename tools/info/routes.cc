#include "routes.h"

#include <weft/communicator.h>
#include <weft/local_ranks.h>

#include "tools/common/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <vector>

namespace weft::tools {
namespace {

// Every rank's text, by rank. Collective.
std::vector<std::string> gather(Communicator& communicator, const std::string& mine) {
  const auto ranks = static_cast<std::size_t>(communicator.size());
  const std::uint64_t bytes = mine.size();
  std::vector<std::uint64_t> sizes(ranks);
  communicator.all_gather(&bytes, sizes.data(), 1, DataType::u64);
  const std::size_t longest = *std::ranges::max_element(sizes);
  std::string padded = mine;
  padded.resize(longest);
  std::string all(longest * ranks, '\0');
  communicator.all_gather(padded.data(), all.data(), longest, DataType::u8);
  std::vector<std::string> texts;
  for (std::size_t rank = 0; rank < ranks; ++rank)
    texts.push_back(all.substr(rank * longest, sizes[rank]));
  return texts;
}

int show(const Options& options) {
  Communicator communicator = Communicator::create(options);
  const std::vector<std::string> routes = gather(communicator, communicator.routes());
  if (communicator.rank() != 0) return 0;
  fmt::print("{}\n", communicator.situation());
  for (std::size_t rank = 0; rank < routes.size(); ++rank)
    fmt::print("rank {} reaches  {}\n", rank, routes[rank]);
  return 0;
}

int guarded(const Options& options) {
  return programs::guard("weft-info", [&] { return show(options); });
}

}  // namespace

std::function<int()> add_routes(CLI::App& app) {
  const auto ranks = std::make_shared<int>(0);
  app.add_option("-n,--ranks", *ranks,
                 "Fork so many ranks here; without it they come from the launcher")
      ->check(CLI::Range(1, 1024));
  app.footer(
      "Transports are limited by WEFT_TRANSPORTS and pairs of ranks ruled by WEFT_ROUTES.\n"
      "Examples:\n"
      "  mpirun -n 8 weft-info routes\n"
      "  WEFT_ROUTES='0:1=ucx' weft-info routes --ranks 4");
  return [ranks] { return *ranks > 0 ? run_local_ranks(*ranks, guarded) : guarded({}); };
}

}  // namespace weft::tools
