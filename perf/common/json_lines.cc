#include "perf/common/json_lines.h"

#include <weft/collective_traits.h>

#include "perf/common/names.h"

#include <nlohmann/json.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <ctime>
#include <stdexcept>
#include <thread>

namespace weft::perf {
namespace {

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace

double rounded(double value) { return std::round(value * 1e5) / 1e5; }

nlohmann::ordered_json or_null(std::optional<double> value) {
  return value ? nlohmann::ordered_json(rounded(*value)) : nlohmann::ordered_json();
}

nlohmann::ordered_json to_json(const std::string& candidate, int ranks, const Operation& operation,
                               std::size_t bytes, const Measurement& result) {
  const Statistics& time = result.timing.microseconds;
  nlohmann::ordered_json record = {
      {"record", "result"},
      {"candidate", candidate},
      {"collective", text_of(operation.collective)},
      {"ranks", ranks},
      {"bytes", bytes},
      {"count", operation.count},
      {"type", text_of(operation.type)},
      {"op", traits_of(operation.collective).reduces ? text_of(operation.op) : "none"},
      {"root", traits_of(operation.collective).rooted() ? operation.root : -1},
      {"in_place", operation.in_place},
      {"setting", text_of(result.setting)},
      {"median_us", rounded(time.median)},
      {"mad_us", rounded(time.mad)},
      {"p99_us", rounded(time.p99)},
      {"mean_us", rounded(time.mean)},
      {"min_us", rounded(time.min)},
      {"max_us", rounded(time.max)},
      {"samples", time.samples},
      {"batch", result.timing.batch},
      {"algbw", rounded(bandwidth(bytes, time.median))},
      {"busbw", rounded(bandwidth(bytes, time.median) * bus_factor(operation.collective, ranks))}};
  record["line_ns"] = {or_null(result.line_before_ns), or_null(result.line_after_ns)};
  record["wrong"] = result.wrong ? nlohmann::ordered_json(*result.wrong) : nullptr;
  return record;
}

JsonLines::JsonLines(const std::string& path) {
  if (path == "-") {
    name_ = "standard output";
    file_ = std::shared_ptr<std::FILE>(stdout, [](std::FILE*) {});
    return;
  }
  name_ = path;
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) refuse(errno);
  file_ = std::shared_ptr<std::FILE>(file, std::fclose);
}

void JsonLines::begin(const std::string& candidate, int ranks, const std::string& command) {
  candidate_ = candidate;
  ranks_ = ranks;
  char host[256] = {};
  gethostname(host, sizeof(host) - 1);
  write({{"record", "run"},
         {"candidate", candidate},
         {"ranks", ranks},
         {"host", host},
         {"cores", std::thread::hardware_concurrency()},
         {"date", utc_now()},
         {"command", command}});
}

void JsonLines::write(const nlohmann::ordered_json& record) {
  const std::string line = record.dump() + "\n";
  if (std::fputs(line.c_str(), file_.get()) == EOF || std::fflush(file_.get()) != 0) refuse(errno);
}

void JsonLines::refuse(int reason) const {
  throw std::runtime_error("cannot write '" + name_ + "': " + std::strerror(reason));
}

void JsonLines::measured(const Operation& operation, std::size_t bytes, const Measurement& result) {
  write(to_json(candidate_, ranks_, operation, bytes, result));
}

}  // namespace weft::perf
