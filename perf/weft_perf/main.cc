// weft-perf: times and checks what weft does, in the columns of nccl-tests (collectives) and of
// perftest (between two ranks).
#include "perf/weft_perf/modes.h"

namespace weft::perf {
namespace {

int run(const Arguments& arguments) {
  const Mode* mode = find_mode(arguments.sweep.collective);
  if (mode == nullptr) return run_collective(arguments);
  refuse_setting(arguments.sweep);
  return mode->run(arguments);
}

std::string footer() {
  return "Beside the collectives there are, in perftest's columns:\n" + describe_modes() +
         "Examples:\n"
         "  weft-perf all_reduce --ranks 2 -b 8 -e 128M -f 2 -c 1\n"
         "  weft-perf all_reduce --ranks 2 --memory allocated --plan --limits limits.json\n"
         "  weft-perf send_lat --ranks 2 -e 1M\n"
         "  weft-perf decode --ranks 2 --memory allocated -b 8K -e 512K\n"
         "  weft-perf put_lat --ranks 2 --transport verbs -e 4K\n"
         "  mpirun -n 4 weft-perf all_gather -e 4M -d bf16\n"
         "The exit status is 0, 1 where results were wrong, 2 after an error.";
}

}  // namespace
}  // namespace weft::perf

int main(int argc, char** argv) {
  using namespace weft::perf;
  CLI::App app("Times and checks weft's collectives and what it does between two ranks",
               "weft-perf");
  Arguments arguments;
  arguments.command = weft::programs::joined(argc, argv);
  add_options(app, arguments);
  app.footer(footer());
  return weft::programs::run(app, argc, argv, [&] { return run(arguments); });
}
