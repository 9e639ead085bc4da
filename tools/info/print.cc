#include "print.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace weft::tools {
namespace {

using nlohmann::ordered_json;
using Kind = transport::Finding::Kind;
using Use = TransportReport::Use;

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::device:
      return "device";
    case Kind::detail:
      return "detail";
    case Kind::choice:
      return "choice";
    case Kind::warning:
      return "warning";
  }
  return "?";
}

const char* name_of(Use use) {
  switch (use) {
    case Use::ready:
      return "ready";
    case Use::on_request:
      return "on_request";
    case Use::left_out:
      return "left_out";
    case Use::cannot_run:
      return "cannot_run";
  }
  return "?";
}

std::string plural(std::size_t count, const char* word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

std::string offers(const TransportReport& transport) {
  std::string list;
  for (const transport::Device& device : transport.devices) {
    if (!list.empty()) list += "; ";
    if (device.name[0] != '\0') list += fmt::format("{}, ", device.name);
    list += fmt::format("priority {}", device.priority);
    if (device.numa_node >= 0) list += fmt::format(", NUMA node {}", device.numa_node);
  }
  return list;
}

std::string use_of(const TransportReport& transport) {
  switch (transport.use) {
    case Use::ready:
      return "ready: " + offers(transport);
    case Use::on_request:
      return "used only on request: " + transport.why;
    case Use::left_out:
      return "left out by " + transport.why;
    case Use::cannot_run:
      return "cannot run here: " + transport.why;
  }
  return {};
}

constexpr std::size_t kWidth = 100;
constexpr const char* kIndent = "           ";

// Breaks text at blanks into lines of at most kWidth, but never a `command` that one may want to
// copy.
std::string wrap(std::string_view text) {
  std::string wrapped;
  std::size_t column = std::string_view(kIndent).size();
  while (!text.empty()) {
    bool quoted = false;
    std::size_t end = 0;
    for (; end < text.size() && (quoted || text[end] != ' '); ++end) quoted ^= text[end] == '`';
    if (!wrapped.empty() && column + 1 + end > kWidth) {
      wrapped += '\n';
      wrapped += kIndent;
      column = std::string_view(kIndent).size();
    } else if (!wrapped.empty()) {
      wrapped += ' ';
      ++column;
    }
    wrapped += text.substr(0, end);
    column += end;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return wrapped;
}

const char* margin_of(Kind kind) {
  switch (kind) {
    case Kind::device:
      return "device";
    case Kind::detail:
      return "";
    case Kind::choice:
      return "CHOICE";
    case Kind::warning:
      return "WARNING";
  }
  return "";
}

void add_transport(const TransportReport& transport, std::string& text) {
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "\n{} ({})\n  {}\n", transport.name, transport.origin, use_of(transport));
  std::size_t width = 0;
  for (const Finding& finding : transport.findings) {
    if (finding.kind == Kind::device || finding.kind == Kind::detail)
      width = std::max(width, finding.about.size());
  }
  for (const Finding& finding : transport.findings) {
    fmt::format_to(out, "  {:<8} ", margin_of(finding.kind));
    if (finding.kind == Kind::choice || finding.kind == Kind::warning) {
      const char* colon = finding.about.empty() ? "" : ": ";
      fmt::format_to(out, "{}\n", wrap(finding.about + colon + finding.text));
    } else {
      fmt::format_to(out, "{:<{}}  {}\n", finding.about, width, finding.text);
    }
  }
}

ordered_json to_json(const TransportReport& transport) {
  ordered_json devices = ordered_json::array();
  for (const transport::Device& device : transport.devices) {
    devices.push_back({{"name", device.name},
                       {"priority", device.priority},
                       {"numa_node", device.numa_node < 0 ? ordered_json(nullptr)
                                                          : ordered_json(device.numa_node)}});
  }
  ordered_json findings = ordered_json::array();
  for (const Finding& finding : transport.findings) {
    findings.push_back(
        {{"kind", name_of(finding.kind)}, {"about", finding.about}, {"text", finding.text}});
  }
  return {{"name", transport.name}, {"origin", transport.origin}, {"use", name_of(transport.use)},
          {"why", transport.why},   {"devices", devices},         {"findings", findings}};
}

}  // namespace

std::string to_text(const Report& report) {
  std::string text;
  const auto out = std::back_inserter(text);
  const topology::Host& host = report.hardware;
  fmt::format_to(out, "weft {} (transport ABI {})\n", report.version, transport::kAbiVersion);
  fmt::format_to(
      out, "host      {}, {}, {} ({}), {}{}\n", report.host, report.kernel,
      plural(static_cast<std::size_t>(host.cores), "core"),
      plural(static_cast<std::size_t>(host.processors), "processor"),
      plural(static_cast<std::size_t>(host.numa_nodes), "NUMA node"),
      host.quota > 0 ? fmt::format(", {} of them allowed by its control group", host.quota) : "");
  fmt::format_to(
      out, "plugins   {}\n",
      report.plugins_from.empty() ? "none: there is no folder of plugins" : report.plugins_from);
  if (report.settings.empty())
    fmt::format_to(out, "settings  none (no WEFT_... variable is set)\n");
  for (const auto& [name, value] : report.settings)
    fmt::format_to(out, "settings  {}={}\n", name, value);
  for (const std::string& problem : report.problems)
    fmt::format_to(out, "PROBLEM   weft cannot start: {}\n", problem);
  for (const TransportReport& transport : report.transports) add_transport(transport, text);
  if (!report.refused.empty()) text += "\nrefused plugins\n";
  for (const Refused& refused : report.refused)
    fmt::format_to(out, "  WARNING  {}\n", wrap(refused.origin + ": " + refused.reason));
  const std::size_t warnings = count_warnings(report);
  fmt::format_to(out, "\n{}\n", warnings == 0 ? "no warnings" : plural(warnings, "warning"));
  return text;
}

ordered_json to_json(const Report& report) {
  const topology::Host& host = report.hardware;
  ordered_json settings = ordered_json::object();
  for (const auto& [name, value] : report.settings) settings[name] = value;
  ordered_json transports = ordered_json::array();
  for (const TransportReport& transport : report.transports)
    transports.push_back(to_json(transport));
  ordered_json refused = ordered_json::array();
  for (const Refused& plugin : report.refused)
    refused.push_back({{"origin", plugin.origin}, {"reason", plugin.reason}});
  return {{"version", report.version},
          {"transport_abi", transport::kAbiVersion},
          {"host",
           {{"name", report.host},
            {"kernel", report.kernel},
            {"cores", host.cores},
            {"processors", host.processors},
            {"numa_nodes", host.numa_nodes}}},
          {"settings", settings},
          {"plugins_from", report.plugins_from},
          {"transports", transports},
          {"refused", refused},
          {"problems", report.problems},
          {"warnings", count_warnings(report)}};
}

}  // namespace weft::tools
