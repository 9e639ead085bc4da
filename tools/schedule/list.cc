#include "algorithms/registry.h"
#include "commands.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace weft::tools {
namespace {

void print_json() {
  nlohmann::json list = nlohmann::json::array();
  for (const algorithms::Algorithm& algorithm : algorithms::all()) {
    list.push_back({{"collective", name_of(algorithm.collective)},
                    {"name", algorithm.name},
                    {"summary", algorithm.summary},
                    {"direct", algorithm.direct},
                    {"hierarchical", algorithm.hierarchical},
                    {"power_of_two", algorithm.power_of_two},
                    {"max_ranks", algorithm.max_ranks}});
  }
  fmt::print("{}\n", list.dump(2));
}

// Breaks text at blanks into lines of at most `width` characters.
std::string wrap(std::string_view text, std::size_t width, const std::string& indent) {
  std::string wrapped;
  while (text.size() > width) {
    const std::size_t blank = text.rfind(' ', width);
    wrapped += std::string(text.substr(0, blank)) + "\n" + indent;
    text.remove_prefix(blank + 1);
  }
  return wrapped + std::string(text);
}

void print_text() {
  const Collective* last = nullptr;
  for (const algorithms::Algorithm& algorithm : algorithms::all()) {
    if (last == nullptr || *last != algorithm.collective) {
      fmt::print("{}{}\n", last == nullptr ? "" : "\n", name_of(algorithm.collective));
      last = &algorithm.collective;
    }
    fmt::print("  {:<30}{}\n", algorithm.name, wrap(algorithm.summary, 68, std::string(32, ' ')));
  }
}

}  // namespace

Run add_list(CLI::App& app) {
  const auto json = std::make_shared<bool>(false);
  app.add_flag("--json", *json, "Print JSON");
  return [json] {
    *json ? print_json() : print_text();
    return 0;
  };
}

}  // namespace weft::tools
