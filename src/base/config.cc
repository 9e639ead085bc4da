#include "base/config.h"

#include "base/error.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <utility>

namespace weft {
namespace {

constexpr std::size_t kDefaultSharedBytes = std::size_t{4} << 20;
constexpr std::size_t kDefaultUnexpectedBytes = std::size_t{1} << 20;
constexpr std::chrono::seconds kDefaultTimeout{60};

// The value of a variable; empty counts as unset.
std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

template <typename Number>
std::optional<Number> number(const char* name) {
  const auto text = variable(name);
  if (!text) return std::nullopt;
  Number value{};
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size()) {
    fail(ErrorCode::invalid_argument, "{}={}: not a number in range", name, *text);
  }
  return value;
}

template <typename Enum, std::size_t N>
std::optional<Enum> choice(const char* name,
                           const std::pair<std::string_view, Enum> (&choices)[N]) {
  const auto text = variable(name);
  if (!text) return std::nullopt;
  std::string known;
  for (const auto& [word, value] : choices) {
    if (*text == word) return value;
    known += (known.empty() ? "" : ", ") + std::string(word);
  }
  fail(ErrorCode::invalid_argument, "{}={}: choose one of {}", name, *text, known);
}

// "4194304", "512K", "4M", "1G".
std::optional<std::size_t> byte_count(const char* name) {
  const auto text = variable(name);
  if (!text) return std::nullopt;
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  const std::string_view unit(end, static_cast<std::size_t>(text->data() + text->size() - end));
  const int shift = unit.empty() ? 0 : unit == "K" ? 10 : unit == "M" ? 20 : unit == "G" ? 30 : -1;
  if (error != std::errc{} || shift < 0 || value > (~std::size_t{0} >> shift)) {
    fail(ErrorCode::invalid_argument, "{}={}: write bytes, or a number with K, M or G", name,
         *text);
  }
  return value << shift;
}

void fill(std::string& member, const char* name) {
  if (member.empty()) member = variable(name).value_or("");
}

std::chrono::nanoseconds time_out(const Options& options) {
  if (options.timeout && options.timeout->count() <= 0) {
    fail(ErrorCode::invalid_argument, "a time-out of {} ns: it must be above 0",
         options.timeout->count());
  }
  if (options.timeout) return *options.timeout;
  const auto seconds = number<double>("WEFT_TIMEOUT");
  if (!seconds) return kDefaultTimeout;
  if (!(*seconds > 0 && *seconds < 1e9)) {
    fail(ErrorCode::invalid_argument, "WEFT_TIMEOUT={}: seconds, above 0 and below 1e9", *seconds);
  }
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::duration<double>(*seconds));
}

// "20us", "1ms", "0"; takes it off the front of `text`.
std::optional<std::chrono::nanoseconds> take_duration(std::string_view* text) {
  constexpr std::pair<std::string_view, double> kUnits[] = {
      {"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
  double value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{}) return std::nullopt;
  text->remove_prefix(static_cast<std::size_t>(end - text->data()));
  const std::string_view unit = text->substr(0, text->find(','));
  text->remove_prefix(unit.size());
  for (const auto& [name, ns] : kUnits) {
    if (unit == name && value >= 0 && value * ns < 1e18)
      return std::chrono::nanoseconds(static_cast<std::int64_t>(value * ns));
  }
  if (unit.empty() && value == 0) return std::chrono::nanoseconds(0);
  return std::nullopt;
}

std::optional<WaitDurations> wait_durations() {
  const auto text = variable("WEFT_WAIT_DURATIONS");
  if (!text) return std::nullopt;
  std::string_view rest = *text;
  const auto poll = take_duration(&rest);
  const bool both = poll && rest.starts_with(',');
  if (both) rest.remove_prefix(1);
  const auto yield = both ? take_duration(&rest) : std::nullopt;
  if (!yield || !rest.empty()) {
    fail(ErrorCode::invalid_argument,
         "WEFT_WAIT_DURATIONS={}: write how long to poll and how long to yield, such as 20us,1ms",
         *text);
  }
  return WaitDurations{*poll, *yield};
}

void check(const WaitDurations& durations) {
  if (durations.poll.count() >= 0 && durations.yield.count() >= 0) return;
  fail(ErrorCode::invalid_argument, "wait_durations of {} and {} ns: they must not be negative",
       durations.poll.count(), durations.yield.count());
}

std::optional<LaunchVariables> launch_variables() {
  if (!variable("RANK") || !variable("WORLD_SIZE")) return std::nullopt;
  LaunchVariables launch{*number<int>("RANK"), *number<int>("WORLD_SIZE"), ""};
  const auto port = variable("MASTER_PORT");
  const std::string host = variable("MASTER_ADDR").value_or("127.0.0.1");
  const bool bare_ipv6 = host.find(':') != std::string::npos && host.front() != '[';
  if (port) launch.root_address = fmt::format("{}:{}", bare_ipv6 ? "[" + host + "]" : host, *port);
  return launch;
}

// What the launcher calls the job that this process is one of; the one nearest to the ranks counts.
JobName job_name(const std::string& chosen) {
  if (!chosen.empty()) return {chosen, "WEFT_JOB", true};
  for (const char* name : {"TORCHELASTIC_RUN_ID", "PMIX_NAMESPACE", "SLURM_JOB_ID", "FLUX_JOB_ID",
                           "PBS_JOBID", "LSB_JOBID"}) {
    const auto job = variable(name);
    if (!job || *job == "none") continue;  // what torchrun says where nobody has named it
    const bool slurm = std::string_view(name) == "SLURM_JOB_ID";
    const auto step = slurm ? variable("SLURM_STEP_ID") : std::nullopt;
    return step ? JobName{*job + "." + *step, "SLURM_JOB_ID.SLURM_STEP_ID", false}
                : JobName{*job, name, false};
  }
  return {};
}

// What MPICH's hydra gives the processes it starts.
int pmi_ranks() {
  if (!variable("PMI_RANK") || !variable("PMI_FD")) return 0;
  return number<int>("PMI_SIZE").value_or(0);
}

// Where weft-tune writes unless told otherwise; empty: there is no home.
std::string default_tuning() {
  const auto set = [](const char* name) { return variable(name).value_or(""); };
  if (const std::string folder = set("XDG_CONFIG_HOME"); !folder.empty())
    return folder + "/weft/tuning.json";
  const std::string home = set("HOME");
  return home.empty() ? "" : home + "/.config/weft/tuning.json";
}

}  // namespace

Config resolve(const Options& given) {
  Config config;
  config.options = given;
  Options& options = config.options;
  if (!options.rank) options.rank = number<int>("WEFT_RANK");
  if (!options.size) options.size = number<int>("WEFT_SIZE");
  fill(options.root_address, "WEFT_ROOT");
  fill(options.transports, "WEFT_TRANSPORTS");
  fill(options.routes, "WEFT_ROUTES");
  fill(options.plugin_path, "WEFT_PLUGIN_PATH");
  fill(options.tuning, "WEFT_TUNING");
  config.default_tuning = default_tuning();
  fill(options.algorithm, "WEFT_ALGORITHM");
  fill(options.job, "WEFT_JOB");
  config.job = job_name(options.job);
  config.timeout = time_out(options);
  constexpr std::pair<std::string_view, WaitPolicy> kPolicies[] = {{"auto", WaitPolicy::automatic},
                                                                   {"spin", WaitPolicy::spin},
                                                                   {"yield", WaitPolicy::yield},
                                                                   {"block", WaitPolicy::block}};
  constexpr std::pair<std::string_view, Protocol> kProtocols[] = {
      {"auto", Protocol::automatic}, {"packet", Protocol::packet}, {"bulk", Protocol::bulk}};
  constexpr std::pair<std::string_view, LogLevel> kLevels[] = {{"silent", LogLevel::silent},
                                                               {"warn", LogLevel::warn},
                                                               {"info", LogLevel::info},
                                                               {"debug", LogLevel::debug}};
  const auto policy = choice("WEFT_WAIT", kPolicies);
  config.wait_policy = options.wait_policy.value_or(policy.value_or(WaitPolicy::automatic));
  if (!options.wait_durations) options.wait_durations = wait_durations();
  if (options.wait_durations) check(*options.wait_durations);
  const auto protocol = choice("WEFT_PROTOCOL", kProtocols);
  config.protocol = options.protocol.value_or(protocol.value_or(Protocol::automatic));
  config.log_level = choice("WEFT_LOG", kLevels).value_or(LogLevel::warn);
  const auto shared = byte_count("WEFT_SHARED_BYTES");
  config.shared_bytes = options.shared_bytes.value_or(shared.value_or(kDefaultSharedBytes));
  const auto unexpected = byte_count("WEFT_UNEXPECTED_BYTES");
  config.unexpected_bytes =
      options.unexpected_bytes.value_or(unexpected.value_or(kDefaultUnexpectedBytes));
  fill(config.topology, "WEFT_TOPOLOGY_XML");
  config.pmix_present = variable("PMIX_NAMESPACE") && variable("PMIX_RANK");
  config.pmi_ranks = pmi_ranks();
  config.launch = launch_variables();
  return config;
}

const char* transport_setting(std::string_view name) {
  std::string upper = "WEFT_";
  for (const char c : name) {
    upper += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  const char* value = std::getenv(upper.c_str());
  return value != nullptr && *value != '\0' ? value : nullptr;
}

std::string foreign_variable(const char* name) { return variable(name).value_or(""); }

std::vector<std::pair<std::string, std::string>> weft_variables() {
  std::vector<std::pair<std::string, std::string>> set;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (!text.starts_with("WEFT_") || equals == text.npos || equals + 1 == text.size()) continue;
    set.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  std::sort(set.begin(), set.end());
  return set;
}

}  // namespace weft
