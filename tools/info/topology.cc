#include "topology.h"

#include "base/config.h"
#include "base/error.h"
#include "machine.h"
#include "tools/common/output.h"

#include <fmt/format.h>

#include <memory>
#include <string>

namespace weft::tools {
namespace {

struct Command {
  std::string xml;
  std::string synthetic;
  std::string svg;
  int ranks = 0;
  int hosts = 1;
  bool json = false;
};

std::string source_of(const Command& command) {
  if (!command.xml.empty()) return command.xml;
  if (!command.synthetic.empty()) return "synthetic:" + command.synthetic;
  return resolve({}).topology;
}

int show(const Command& command) {
  const Machine machine =
      make_machine({.source = source_of(command), .ranks = command.ranks, .hosts = command.hosts});
  if (!command.svg.empty()) programs::write_file(command.svg, to_svg(machine));
  if (command.json) {
    fmt::print("{}\n", to_json(machine).dump(2, ' ', false,
                                             nlohmann::ordered_json::error_handler_t::replace));
  } else if (command.svg.empty()) {
    fmt::print("{}", to_text(machine));
  } else {
    fmt::print("wrote {}\n", command.svg);
  }
  return 0;
}

}  // namespace

std::function<int()> add_topology(CLI::App& app) {
  const auto command = std::make_shared<Command>();
  auto* xml = app.add_option("--xml", command->xml, "Another host: an XML file of hwloc's lstopo")
                  ->type_name("FILE");
  app.add_option("--synthetic", command->synthetic,
                 "Another host, in hwloc's notation: \"package:2 l3:4 core:8 pu:2\"")
      ->type_name("TEXT")
      ->excludes(xml);
  app.add_option("-n,--ranks", command->ranks,
                 "Place so many ranks on each host, side by side on its cores; without it, one "
                 "rank that may run where this process may")
      ->check(CLI::Range(1, 1024));
  app.add_option("--hosts", command->hosts, "So many hosts that are alike")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  app.add_option("--svg", command->svg, "Draw hosts, ranks and chosen devices into this file")
      ->type_name("FILE");
  app.add_flag("--json", command->json, "Print JSON");
  app.footer(
      "Without --xml and --synthetic it shows this host, or the one in WEFT_TOPOLOGY_XML.\n"
      "Examples:\n"
      "  weft-info topology --ranks 8\n"
      "  weft-info topology --xml server.xml --ranks 8 --hosts 2 --svg server.svg\n"
      "  weft-info topology --synthetic 'package:2 [numa] l3:8 core:4 pu:2' --ranks 16");
  return [command] { return show(*command); };
}

}  // namespace weft::tools
