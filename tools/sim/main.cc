// weft-sim: what weft's algorithms would take on machines that are not here, by the cost model.
#include "options.h"
#include "print.h"
#include "sweep.h"
#include "tools/common/program.h"

namespace weft::tools {
namespace {

int run(const SimOptions& options) {
  const Sweep result = sweep(options);
  if (options.json) {
    print_json(result, options);
  } else if (options.csv) {
    print_csv(result);
  } else {
    print_table(result, options);
  }
  return 0;
}

}  // namespace
}  // namespace weft::tools

int main(int argc, char** argv) {
  CLI::App app(
      "Predicts how long weft's algorithms take on machines that are described and need not be "
      "here: "
      "runs the schedules of all ranks on a model of their processors and links, and prints the "
      "time "
      "of each, the winner, and a bound that no algorithm can beat.",
      "weft-sim");
  app.footer(
      "Examples:\n"
      "  weft-sim all_reduce --hosts 512 --ranks-per-host 8 --fabric fat-tree:2:1 -b 8 -e 1G\n"
      "  weft-sim all_reduce --hosts 16 --ideal-processors --lanes 1 --shared-bytes 4G\n"
      "  weft-sim all_gather --hosts 32 --ranks-per-host 8 --fabric rails --nics 8 --nic 400\n"
      "  weft-sim broadcast --hosts 8 --fabric two-sites:10 -b 1M -e 256M --csv\n"
      "  weft-sim all_reduce --hosts 1 --ranks-per-host 8 --cores 2\n"
      "docs/tuning.md tells what the model holds and what it leaves out.");
  weft::tools::SimOptions options;
  weft::tools::add_options(app, options);
  return weft::programs::run(app, argc, argv, [&] { return weft::tools::run(options); });
}
