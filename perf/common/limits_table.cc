#include "perf/common/limits_table.h"

#include "perf/common/names.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>
#include <stdexcept>

namespace weft::perf {

LimitsTable LimitsTable::parse(std::istream& lines) {
  LimitsTable table;
  for (std::string line; std::getline(lines, line);) {
    const auto record = nlohmann::json::parse(line, nullptr, false);
    if (!record.is_object() || record.value("record", "") != "result") continue;
    if (record.value("candidate", "") != "limit") continue;
    auto& sizes = table.limits_[{record.at("collective"), record.at("ranks")}];
    const double median = record.at("median_us");
    const auto [at, inserted] = sizes.emplace(record.at("bytes"), median);
    if (!inserted) at->second = std::min(at->second, median);
  }
  return table;
}

LimitsTable LimitsTable::load(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read the limits file '" + path + "'");
  LimitsTable table = parse(file);
  if (table.empty()) {
    throw std::runtime_error("'" + path + "' holds no limits; write one with weft-limits --json " +
                             path);
  }
  return table;
}

std::optional<double> LimitsTable::microseconds(Collective collective, int ranks,
                                                std::size_t bytes) const {
  const auto found = limits_.find({std::string(text_of(collective)), ranks});
  if (found == limits_.end()) return std::nullopt;
  const auto above = found->second.lower_bound(bytes);
  if (above == found->second.end()) return std::nullopt;
  if (above->first == bytes) return above->second;
  if (above == found->second.begin()) return std::nullopt;
  const auto below = std::prev(above);
  const double share =
      std::log(static_cast<double>(bytes) / static_cast<double>(below->first)) /
      std::log(static_cast<double>(above->first) / static_cast<double>(below->first));
  return below->second * std::pow(above->second / below->second, share);
}

}  // namespace weft::perf
