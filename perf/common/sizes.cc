#include "perf/common/sizes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <stdexcept>

namespace weft::perf {
namespace {

// The number of bits a unit shifts by, or -1.
int shift_of(std::string_view unit) {
  if (unit.empty() || unit == "B" || unit == "b") return 0;
  const std::string_view rest = unit.substr(1);
  if (!rest.empty() && rest != "B" && rest != "b" && rest != "iB") return -1;
  switch (unit.front()) {
    case 'K':
    case 'k':
      return 10;
    case 'M':
    case 'm':
      return 20;
    case 'G':
    case 'g':
      return 30;
    default:
      return -1;
  }
}

[[noreturn]] void refuse(std::string_view text) {
  throw std::invalid_argument(fmt::format("'{}' is no size; write 8, 4K, 128M or 2G", text));
}

}  // namespace

std::size_t parse_size(std::string_view text) {
  const std::size_t digits = text.find_first_not_of("0123456789.");
  const std::string number(text.substr(0, digits));
  const int shift = digits == std::string_view::npos ? 0 : shift_of(text.substr(digits));
  char* end = nullptr;
  const double value = std::strtod(number.c_str(), &end);
  if (number.empty() || *end != '\0' || shift < 0) refuse(text);
  const double bytes = std::ldexp(value, shift);
  if (bytes != std::floor(bytes) || bytes >= std::ldexp(1.0, 53)) refuse(text);
  return static_cast<std::size_t>(bytes);
}

std::vector<std::size_t> parse_sizes(std::string_view list) {
  std::vector<std::size_t> sizes;
  for (std::size_t start = 0; start <= list.size();) {
    const std::size_t end = std::min(list.find(',', start), list.size());
    const std::string_view text = list.substr(start, end - start);
    sizes.push_back(parse_size(text));
    if (sizes.back() == 0) refuse(text);
    start = end + 1;
  }
  return sizes;
}

std::string format_size(std::size_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB"};
  int unit = 0;
  double value = static_cast<double>(bytes);
  while (value >= 1024 && unit < 3) {
    value /= 1024;
    ++unit;
  }
  return value == std::floor(value) ? fmt::format("{:.0f} {}", value, kUnits[unit])
                                    : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::vector<std::size_t> sweep_sizes(std::size_t min, std::size_t max, std::size_t factor,
                                     std::size_t increment) {
  if (min == 0) throw std::invalid_argument("the smallest size (-b) must be at least 1 byte");
  if (min > max) throw std::invalid_argument("the smallest size (-b) is above the largest (-e)");
  if (increment == 0 && factor < 2) {
    throw std::invalid_argument("the factor (-f) must be at least 2");
  }
  std::vector<std::size_t> sizes;
  for (std::size_t size = min;;) {
    sizes.push_back(size);
    const std::size_t limit = increment != 0 ? std::numeric_limits<std::size_t>::max() - increment
                                             : std::numeric_limits<std::size_t>::max() / factor;
    if (size > limit) return sizes;
    size = increment != 0 ? size + increment : size * factor;
    if (size > max) return sizes;
  }
}

}  // namespace weft::perf
