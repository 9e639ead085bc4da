// weft-info: tells what weft finds on this machine and what would keep it from being fast. Changes
// nothing and, but for `routes`, needs no other ranks.
#include "print.h"
#include "routes.h"
#include "tools/common/program.h"
#include "topology.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <cstdio>
#include <functional>

int main(int argc, char** argv) {
  CLI::App app(
      "Tells what weft finds on this machine: every transport with its devices, what weft would\n"
      "choose and why, and warnings with the command that mends each.",
      "weft-info");
  bool json = false;
  app.add_flag("--json", json, "Print JSON");
  CLI::App* topology = app.add_subcommand(
      "topology", "Show or draw a host's packages, memory, cores and network devices");
  const std::function<int()> show_topology = weft::tools::add_topology(*topology);
  CLI::App* routes =
      app.add_subcommand("routes", "Show over what the ranks of a job reach each other");
  const std::function<int()> show_routes = weft::tools::add_routes(*routes);
  app.footer(
      "It reads the same WEFT_... variables as a program that uses weft, so run it as you run\n"
      "your ranks: same user, same container, same launcher. Exit status: 0, also with\n"
      "warnings; 2 after an error: a wrong option, a topology that cannot be read.\n"
      "Examples:\n"
      "  weft-info\n"
      "  WEFT_VERBS_DEVICE=mlx5_1 weft-info\n"
      "  mpirun -n 2 --map-by node weft-info\n"
      "  weft-info topology --ranks 8 --svg host.svg\n"
      "  mpirun -n 8 weft-info routes\n"
      "  weft-info --json | jq '.transports[].findings[] | select(.kind == \"warning\")'");
  return weft::programs::run(app, argc, argv, [&] {
    if (topology->parsed()) return show_topology();
    if (routes->parsed()) return show_routes();
    const weft::tools::Report report = weft::tools::make_report();
    if (json) {
      // Host names and paths may hold any bytes.
      fmt::print("{}\n", to_json(report).dump(2, ' ', false,
                                              nlohmann::ordered_json::error_handler_t::replace));
    } else {
      fmt::print("{}", to_text(report));
    }
    return 0;
  });
}
