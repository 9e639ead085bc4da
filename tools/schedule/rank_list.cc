#include "rank_list.h"

#include "base/error.h"

#include <charconv>
#include <sstream>

namespace weft::tools {
namespace {

constexpr int kMaxRanks = 1 << 20;

int parse_number(const std::string& text, const std::string& list) {
  int number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end || number < 1 || number > kMaxRanks) {
    fail(ErrorCode::invalid_argument,
         "'{}' in '{}' is no rank count; write numbers and ranges such as 1-64,128", text, list);
  }
  return number;
}

}  // namespace

std::vector<int> parse_rank_list(const std::string& text) {
  std::vector<int> numbers;
  std::istringstream parts(text + ",");
  for (std::string part; std::getline(parts, part, ',');) {
    const std::size_t dash = part.find('-');
    const int first = parse_number(part.substr(0, dash), text);
    const int last = dash == std::string::npos ? first : parse_number(part.substr(dash + 1), text);
    if (last < first) fail(ErrorCode::invalid_argument, "the range '{}' runs backwards", part);
    for (int number = first; number <= last; ++number) numbers.push_back(number);
  }
  return numbers;
}

}  // namespace weft::tools
