#include "names.h"

#include <fmt/format.h>

namespace weft::tools {

std::string count_of(std::int64_t count, std::string_view word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

std::string ranges(const std::vector<int>& numbers) {
  std::string list;
  for (std::size_t first = 0; first < numbers.size();) {
    const int step = first + 1 < numbers.size() ? numbers[first + 1] - numbers[first] : 1;
    std::size_t end = first + 1;
    while (end < numbers.size() && numbers[end] == numbers[end - 1] + step) ++end;
    if (step < 1 || (step > 1 && end - first < 3)) end = first + 1;
    list += fmt::format("{}{}", list.empty() ? "" : ",", numbers[first]);
    if (end - first > 1) list += fmt::format("-{}", numbers[end - 1]);
    if (end - first > 1 && step > 1) list += fmt::format(":{}", step);
    first = end;
  }
  return list;
}

std::string name_of_ranks(const std::vector<int>& ranks) {
  return fmt::format("{} {}", ranks.size() == 1 ? "rank" : "ranks", ranges(ranks));
}

std::string size_of(std::uint64_t bytes) {
  constexpr std::string_view kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < std::size(kUnits); ++unit) value /= 1024;
  if (bytes == 0) return {};
  return fmt::format("{:.{}f} {}", value, value < 10 && value != static_cast<int>(value) ? 1 : 0,
                     kUnits[unit]);
}

const std::string& name_of(const topology::Nic& nic) {
  return nic.name.empty() ? nic.interface : nic.name;
}

}  // namespace weft::tools
