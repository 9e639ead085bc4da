#include "perf/weft_perf/modes.h"

#include "perf/common/names.h"
#include "perf/pairs/program.h"
#include "perf/transport/put_benchmark.h"
#include "perf/weft_perf/decode.h"
#include "perf/weft_perf/moe.h"
#include "perf/weft_perf/pages.h"
#include "perf/weft_perf/weft_pair.h"

#include <fmt/format.h>

#include <stdexcept>

namespace weft::perf {
namespace {

int run_pair(const Arguments& arguments) {
  const PairSweep sweep = pair_sweep_of(arguments.sweep);  // mistakes are reported once
  return with_communicator(arguments, [&](Communicator& communicator) {
    WeftPair pair(communicator, arguments.memory == "allocated");
    const std::string preamble = fmt::format(
        "# weft-perf {} (weft {}): {} ranks, {} memory; {}; times of one message in µs\n"
        "# Using ranks\n{}#\n",
        text_of(sweep.mode), WEFT_VERSION, communicator.size(), arguments.memory,
        communicator.routes(), describe_ranks(communicator));
    return run_pair_candidate(pair, arguments.sweep,
                              {.command = arguments.command, .preamble = preamble});
  });
}

int run_transport_put(const Arguments& arguments) {
  PutBenchmark benchmark;
  benchmark.bandwidth = arguments.sweep.collective == "transport_put_bw";
  benchmark.iterations = arguments.sweep.iterations;
  benchmark.sizes = sizes_of(arguments.sweep);
  return in_every_rank(arguments, [&](const Options& options) {
    run_put_benchmark(benchmark, options);
    return 0;
  });
}

int run_decode_mode(const Arguments& arguments) {
  DecodeArguments decode;
  decode.sizes = sizes_of(arguments.sweep);
  decode.type = parse_types(arguments.sweep.types).front();
  decode.hidden = arguments.hidden;
  decode.allocated = arguments.memory == "allocated";
  if (arguments.sweep.iterations > 0) decode.iterations = arguments.sweep.iterations;
  return in_every_rank(arguments,
                       [&](const Options& options) { return run_decode(decode, options); });
}

int run_moe_mode(const Arguments& arguments) {
  return with_communicator(arguments, [&](Communicator& communicator) {
    return run_moe(communicator, arguments.sweep);
  });
}

constexpr Mode kModes[] = {
    {"send_lat", "send() and recv(), half of a round trip", run_pair},
    {"send_bw", "a window of send_async() and recv_async()", run_pair},
    {"channel_lat", "a slot of a channel, half of a round trip", run_pair},
    {"channel_bw", "slots of a channel, one after the other", run_pair},
    {"put_lat", "a window's put_signal() and wait_at_least(), half of a round trip", run_pair},
    {"put_bw", "puts to a window, the last one with a signal", run_pair},
    {"get_lat", "a get() from a window and flush(), the whole of it", run_pair},
    {"get_bw", "several gets and flush()", run_pair},
    {"decode", "an all-reduce planned, measured, with RMSNorm, quantised", run_decode_mode},
    {"moe", "dispatch to experts and combine, 8 to 256 tokens (-n); -b and -e bound their bytes",
     run_moe_mode},
    {"pages", "4,096 pages of a pool next to one put; -b and -e bound a page's bytes", run_pages},
    {"transport_put_lat", "a put with its signal by the transport alone", run_transport_put},
    {"transport_put_bw", "bare puts by the transport alone", run_transport_put},
};

}  // namespace

const Mode* find_mode(std::string_view name) {
  for (const Mode& mode : kModes) {
    if (mode.name == name) return &mode;
  }
  return nullptr;
}

std::string describe_modes() {
  std::string text;
  for (const Mode& mode : kModes) text += fmt::format("  {:<19}{}\n", mode.name, mode.what);
  return text;
}

}  // namespace weft::perf
