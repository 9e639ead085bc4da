#include "choose.h"

#include "base/error.h"
#include "tools/collective_option.h"

#include <map>

namespace weft::tools {
namespace {

std::string known_names(std::optional<Collective> collective) {
  std::map<Collective, std::string> names;
  for (const algorithms::Algorithm& algorithm : algorithms::all()) {
    if (collective && algorithm.collective != *collective) continue;
    std::string& list = names[algorithm.collective];
    list += (list.empty() ? "" : ", ") + std::string(algorithm.name);
  }
  std::string text;
  for (const auto& [key, list] : names) text += fmt::format("\n  {}: {}", name_of(key), list);
  return text;
}

}  // namespace

void add_collective_option(CLI::App& app, std::optional<Collective>& collective) {
  const auto parse = [&collective](const std::string& text) {
    const CollectiveTraits* traits = find_collective(text);
    if (traits == nullptr) {
      throw CLI::ValidationError(
          "--collective", fmt::format("'{}' is none; there are {}", text, collective_names()));
    }
    collective = traits->collective;
  };
  app.add_option_function<std::string>("-c,--collective", parse, "One of " + collective_names())
      ->type_name("NAME");
}

std::vector<const algorithms::Algorithm*> choose(const std::string& name,
                                                 std::optional<Collective> collective) {
  std::vector<const algorithms::Algorithm*> chosen;
  for (const algorithms::Algorithm& algorithm : algorithms::all()) {
    if (!name.empty() && algorithm.name != name) continue;
    if (collective && algorithm.collective != *collective) continue;
    chosen.push_back(&algorithm);
  }
  if (chosen.empty()) {
    fail(ErrorCode::invalid_argument, "no algorithm '{}'{}; there are{}", name,
         collective ? fmt::format(" for {}", name_of(*collective)) : "", known_names(collective));
  }
  return chosen;
}

void require_support(const algorithms::Algorithm& algorithm, int ranks) {
  if (algorithms::supports(algorithm, ranks)) return;
  fail(ErrorCode::invalid_argument, "{} {} does not serve {} ranks{}",
       name_of(algorithm.collective), algorithm.name, ranks,
       algorithm.power_of_two ? ", only powers of two"
                              : fmt::format(", only 1 to {}", algorithm.max_ranks));
}

std::vector<schedule::Schedule> make_all(const algorithms::Algorithm& algorithm,
                                         const Group& group) {
  const topology::Shape shape = group.layout.shape();
  std::vector<schedule::Schedule> schedules;
  for (int rank = 0; rank < group.ranks; ++rank) {
    schedules.push_back(algorithm.make({algorithm.collective, rank, group.ranks, group.root,
                                        group.lanes, group.load_store, false, &shape}));
  }
  return schedules;
}

}  // namespace weft::tools
