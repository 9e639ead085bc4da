#include "connections/routes.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/error.h"
#include "base/names.h"

namespace weft {
namespace {

[[noreturn]] void unreadable(const std::string& rule) {
  fail(ErrorCode::invalid_argument,
       "WEFT_ROUTES: '{}' is no rule; write WHERE=TRANSPORT, where WHERE is machine, remote, * or "
       "RANKS:RANKS, for instance 0-3:4-7=ucx",
       rule);
}

}  // namespace

bool Routes::Rule::fits(const Pair& pair) const {
  switch (where) {
    case Where::machine:
      return pair.same_machine;
    case Where::remote:
      return !pair.same_machine;
    case Where::ranks:
      return (from.holds(pair.a) && to.holds(pair.b)) || (from.holds(pair.b) && to.holds(pair.a));
  }
  return false;
}

Routes::Range Routes::range(std::string_view text, const std::string& rule) {
  if (text == "*") return {0, std::numeric_limits<int>::max()};
  Range result;
  const char* const end = text.data() + text.size();
  auto [at, error] = std::from_chars(text.data(), end, result.first);
  if (error != std::errc{} || result.first < 0) unreadable(rule);
  result.last = result.first;
  if (at != end) {
    if (*at != '-') unreadable(rule);
    const auto [past, problem] = std::from_chars(at + 1, end, result.last);
    if (problem != std::errc{} || past != end || result.last < result.first) unreadable(rule);
  }
  return result;
}

Routes::Rule Routes::rule(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals + 1 == text.size()) unreadable(text);
  Rule rule;
  std::string names = text.substr(equals + 1);
  std::ranges::replace(names, '+', ',');
  rule.transports = names_in(names);
  const std::string where = text.substr(0, equals);
  const std::size_t colon = where.find(':');
  if (where == "machine" || where == "remote") {
    rule.where = where == "machine" ? Rule::Where::machine : Rule::Where::remote;
  } else if (where == "*") {
    rule.from = rule.to = range(where, text);
  } else if (colon != std::string::npos) {
    rule.from = range(std::string_view(where).substr(0, colon), text);
    rule.to = range(std::string_view(where).substr(colon + 1), text);
  } else {
    unreadable(text);
  }
  if (rule.transports.empty() || std::ranges::count(rule.transports, "") > 0) unreadable(text);
  return rule;
}

Routes::Routes(const std::string& rules) : text_(rules) {
  for (const std::string& text : names_in(rules)) rules_.push_back(rule(text));
}

std::vector<std::string> Routes::names(const Pair& pair) const {
  for (const Rule& rule : rules_) {
    if (rule.fits(pair)) return rule.transports;
  }
  return {};
}

bool Routes::mention(std::string_view transport) const {
  return std::ranges::any_of(rules_, [&](const Rule& rule) {
    return std::ranges::find(rule.transports, transport) != rule.transports.end();
  });
}

}  // namespace weft
