// weft-schedule: lists, shows and proves the schedules of weft's algorithms. Needs no network and
// no other ranks.
#include "commands.h"
#include "tools/common/program.h"

#include <utility>
#include <vector>

int main(int argc, char** argv) {
  CLI::App app("Lists, shows and proves the schedules of weft's collective algorithms.",
               "weft-schedule");
  app.require_subcommand(1);
  app.footer(
      "Examples:\n"
      "  weft-schedule list\n"
      "  weft-schedule show ring --ranks 4 --svg ring.svg\n"
      "  weft-schedule show binomial_tree --collective broadcast --ranks 6 --root 2 --rank 3\n"
      "  weft-schedule show split_rail_ring --hosts 2,2,2\n"
      "  weft-schedule check --all --ranks 1-64");

  std::vector<std::pair<CLI::App*, weft::tools::Run>> commands;
  const auto add = [&](const char* name, const char* about, auto make) {
    CLI::App* command = app.add_subcommand(name, about);
    commands.emplace_back(command, make(*command));
  };
  add("list", "List the algorithms, with what they need and when they win", weft::tools::add_list);
  add("show", "Print or draw what each rank does", weft::tools::add_show);
  add("check", "Prove schedules correct; exit code 1 where one is not", weft::tools::add_check);

  return weft::programs::run(app, argc, argv, [&] {
    for (const auto& [command, run] : commands) {
      if (command->parsed()) return run();
    }
    return weft::programs::kExitError;
  });
}
