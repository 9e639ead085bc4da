// Results as JSON lines: one object per line, flushed at once, so that what was measured before a
// time-out is kept.
//
// First {"record":"run", ...} about the program, then one {"record":"result", ...} per size and
// placement. perf/README.md lists the fields.
#pragma once

#include "perf/common/sweep.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>

namespace weft::perf {

// Nanoseconds are noise below a thousandth: shorter files, readable differences.
double rounded(double value);

// null for what was not measured.
nlohmann::ordered_json or_null(std::optional<double> value);

nlohmann::ordered_json to_json(const std::string& candidate, int ranks, const Operation& operation,
                               std::size_t bytes, const Measurement& result);

class JsonLines : public Reporter {
 public:
  // Opens the file, "-" for standard output. Throws std::runtime_error where it cannot.
  explicit JsonLines(const std::string& path);

  // Who measures; before the first result.
  void begin(const std::string& candidate, int ranks, const std::string& command);
  // Throws std::runtime_error that names the file where it cannot be written.
  void write(const nlohmann::ordered_json& record);
  void measured(const Operation& operation, std::size_t bytes, const Measurement& result) override;
  void row(const Row&) override {}

 private:
  [[noreturn]] void refuse(int reason) const;

  std::string name_;
  std::shared_ptr<std::FILE> file_;
  std::string candidate_;
  int ranks_ = 0;
};

}  // namespace weft::perf
