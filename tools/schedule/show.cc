#include "base/error.h"
#include "choose.h"
#include "commands.h"
#include "json.h"
#include "schedule/svg.h"
#include "schedule/text.h"
#include "tools/common/output.h"

#include <memory>

namespace weft::tools {
namespace {

struct ShowOptions {
  std::string name;
  std::optional<Collective> collective;
  std::optional<int> ranks;
  std::vector<int> hosts;
  int root = 0;
  int lanes = 1;
  std::optional<int> rank;
  std::string svg;
  bool json = false;
  bool no_load_store = false;
};

// Several collectives have a one_shot: all_reduce goes first unless one was named.
const algorithms::Algorithm& pick(const ShowOptions& options) {
  const auto found = choose(options.name, options.collective);
  if (found.size() > 1 && found[0]->collective != Collective::all_reduce) {
    fail(ErrorCode::invalid_argument, "several collectives have a '{}': say --collective",
         options.name);
  }
  return *found[0];
}

void write_svg(const std::string& path, const std::vector<schedule::Schedule>& schedules) {
  programs::write_file(path, schedule::to_svg(schedules));
  fmt::print("wrote {}\n", path);
}

Group group_of(const ShowOptions& options) {
  Group group{.root = options.root, .lanes = options.lanes, .layout = {options.hosts}};
  const int placed = group.layout.ranks();
  group.ranks = options.ranks.value_or(placed > 0 ? placed : 4);
  group.load_store = !options.no_load_store && options.hosts.size() <= 1;
  if (placed > 0 && placed != group.ranks) {
    fail(ErrorCode::invalid_argument, "--hosts places {} ranks, --ranks says {}", placed,
         group.ranks);
  }
  return group;
}

int show(const ShowOptions& options) {
  const algorithms::Algorithm& algorithm = pick(options);
  const Group group = group_of(options);
  require_support(algorithm, group.ranks);
  const auto require_rank = [&](int rank, const char* what) {
    if (rank < 0 || rank >= group.ranks) {
      fail(ErrorCode::invalid_argument, "{} {} is not among ranks 0 to {}", what, rank,
           group.ranks - 1);
    }
  };
  require_rank(options.root, "root");
  if (options.rank) require_rank(*options.rank, "rank");

  const auto schedules = make_all(algorithm, group);
  if (!options.svg.empty()) write_svg(options.svg, schedules);
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const schedule::Schedule& schedule : schedules) {
    if (options.rank && schedule.rank != *options.rank) continue;
    if (options.json) list.push_back(to_json(schedule));
    if (!options.json && options.svg.empty()) fmt::print("{}", schedule::to_text(schedule));
  }
  if (options.json) fmt::print("{}\n", list.dump(2));
  return 0;
}

}  // namespace

Run add_show(CLI::App& app) {
  const auto options = std::make_shared<ShowOptions>();
  app.add_option("name", options->name, "Algorithm, see weft-schedule list")->required();
  add_collective_option(app, options->collective);
  app.add_option("-n,--ranks", options->ranks, "Number of ranks (4)")->check(CLI::Range(1, 4096));
  app.add_option("--hosts", options->hosts,
                 "Ranks of each host, e.g. 2,2,3; hierarchical algorithms follow them")
      ->delimiter(',')
      ->check(CLI::Range(1, 4096));
  app.add_option("-r,--root", options->root, "Root of a broadcast or reduce")
      ->capture_default_str();
  app.add_option("-l,--lanes", options->lanes, "Lanes to make; the picture shows the first")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  app.add_option("--rank", options->rank, "Print this rank only");
  app.add_option("--svg", options->svg, "Draw a space-time picture into this file")
      ->type_name("FILE");
  app.add_flag("--json", options->json, "Print JSON");
  app.add_flag("--no-load-store", options->no_load_store,
               "As over a network, where a reduction cannot write to a peer");
  return [options] { return show(*options); };
}

}  // namespace weft::tools
