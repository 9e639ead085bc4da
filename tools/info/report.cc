#include "report.h"

#include "base/config.h"
#include "base/error.h"
#include "base/names.h"
#include "transport/devices.h"
#include "transport/loader.h"

#include <sys/utsname.h>
#include <weft/version.h>

#include <algorithm>
#include <climits>
#include <functional>

namespace weft::tools {
namespace {

constexpr int kMaxDevices = 64;

std::vector<Finding> inspect(const transport::Plugin& plugin, const std::string& devices) {
  std::vector<Finding> findings;
  if (plugin.inspect == nullptr) return findings;
  transport::OpenOptions options;
  options.device = devices.c_str();
  options.setting = [](void*, const char* name) { return transport_setting(name); };
  plugin.inspect(&options, &findings, [](void* context, const transport::Finding* found) {
    static_cast<std::vector<Finding>*>(context)->push_back(
        {found->kind, found->about, found->text});
  });
  return findings;
}

TransportReport look_at(const transport::LoadedPlugin& loaded, const std::string& wanted,
                        const topology::Host& host) {
  TransportReport result;
  result.name = loaded.plugin->name;
  result.origin = loaded.origin;
  result.devices.resize(kMaxDevices);
  transport::Status why;
  const int count = loaded.plugin->probe(result.devices.data(), kMaxDevices, &why);
  result.devices.resize(static_cast<std::size_t>(std::clamp(count, 0, kMaxDevices)));
  const std::string proposed =
      result.devices.empty() ? "" : propose_devices(result.devices, host).devices;
  result.findings = inspect(*loaded.plugin, proposed);
  const bool quiet =
      std::ranges::all_of(result.devices, [](const auto& d) { return d.priority < 0; });
  if (count <= 0) {
    result.use = TransportReport::Use::cannot_run;
    result.why = why.message;
  } else if (!wanted.empty() && !named_in(wanted, result.name)) {
    result.use = TransportReport::Use::left_out;
    result.why = "WEFT_TRANSPORTS=" + wanted;
  } else if (wanted.empty() && quiet) {
    result.use = TransportReport::Use::on_request;
    result.why = "WEFT_TRANSPORTS=" + result.name;
  }
  return result;
}

int priority_of(const TransportReport& transport) {
  int highest = INT_MIN;
  for (const auto& device : transport.devices) highest = std::max(highest, device.priority);
  return highest;
}

Config read_settings(Report& report) {
  try {
    return resolve({});
  } catch (const std::exception& error) {
    report.problems.emplace_back(error.what());
    return {};
  }
}

topology::Host probe(const std::string& source, Report& report) {
  try {
    return topology::probe_host({.source = source});
  } catch (const std::exception& error) {
    report.problems.emplace_back(error.what());
    return topology::probe_host();
  }
}

// What keeps WEFT_TRANSPORTS from being what was meant.
void check_wanted(const std::string& wanted, Report& report) {
  const auto named = [](const TransportReport& t) { return t.name; };
  for (const std::string& name : names_in(wanted)) {
    if (std::ranges::find(report.transports, name, named) == report.transports.end()) {
      report.problems.push_back("WEFT_TRANSPORTS names " + name +
                                ", and there is no such transport");
    }
  }
  const bool usable = std::ranges::any_of(report.transports, [](const TransportReport& t) {
    return t.use == TransportReport::Use::ready;
  });
  if (!usable) report.problems.emplace_back("weft cannot start: no transport can be used");
}

transport::PluginSet load(const std::string& path, Report& report) {
  const Log quiet(LogLevel::silent, "");
  try {
    return transport::load_plugins(path, quiet);
  } catch (const std::exception& error) {
    // Every communicator meets this error; the built-in transports can be shown all the same.
    report.problems.emplace_back(error.what());
  }
  transport::PluginSet set;
  for (const transport::Plugin* plugin : transport::builtin_plugins())
    set.loaded.push_back({plugin, nullptr, "built in"});
  return set;
}

}  // namespace

Report make_report() {
  Report report;
  report.version = WEFT_VERSION;
  utsname system{};
  if (uname(&system) == 0) {
    report.host = system.nodename;
    report.kernel = std::string(system.sysname) + " " + system.release;
  }
  report.settings = weft_variables();
  const Config config = read_settings(report);
  const Options& options = config.options;
  report.hardware = probe(config.topology, report);
  report.plugins_from =
      options.plugin_path.empty() ? transport::default_plugin_folder() : options.plugin_path;
  const transport::PluginSet plugins = load(options.plugin_path, report);
  for (const auto& loaded : plugins.loaded)
    report.transports.push_back(look_at(loaded, options.transports, report.hardware));
  std::ranges::stable_sort(report.transports, std::greater{}, priority_of);
  check_wanted(options.transports, report);
  for (const auto& refused : plugins.refused) {
    // Errors begin with the file already.
    const bool named = refused.reason.starts_with(refused.origin + ": ");
    report.refused.push_back({refused.origin, named
                                                  ? refused.reason.substr(refused.origin.size() + 2)
                                                  : refused.reason});
  }
  return report;
}

std::size_t count_warnings(const Report& report) {
  std::size_t count = report.problems.size() + report.refused.size();
  for (const TransportReport& transport : report.transports) {
    count += static_cast<std::size_t>(
        std::ranges::count(transport.findings, transport::Finding::Kind::warning, &Finding::kind));
  }
  return count;
}

}  // namespace weft::tools
