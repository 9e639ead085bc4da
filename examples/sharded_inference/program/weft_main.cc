// sharded_inference: over weft, its ranks forked here or started by a launcher.
#include "model/problem.h"
#include "network/weft_network.h"
#include "program/run.h"

#include <weft/weft.h>

#include <fmt/format.h>

#include <exception>

namespace {

using namespace inference;

int run_rank(const Options& options, const weft::Options& start) {
  int rank = -1;
  try {
    const auto network = make_weft_network(weft::Communicator::create(start));
    rank = network->rank();
    return run(options, *network);
  } catch (const std::exception& error) {
    fmt::print(stderr, "rank {}: {}\n", rank, error.what());
    return kFailed;
  }
}

int fork_ranks(const Options& options) {
  try {
    open_model(options, *options.ranks);  // one complaint, before there are ranks
  } catch (const Problem& problem) {
    fmt::print(stderr, "{}\n", problem.what());
    return kMistake;
  }
  return weft::run_local_ranks(
      *options.ranks, [&](const weft::Options& start) { return run_rank(options, start); });
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (const auto status = parse(argc, argv, Starts::itself, options)) return *status;
  if (!options.make_model.empty()) return make_model(options);
  if (options.form == Form::single && options.ranks.value_or(1) == 1) return run_single(options);
  return options.ranks ? fork_ranks(options) : run_rank(options, {});
}
