// nccl-tests' table, followed by columns of our own.
#pragma once

#include "perf/common/limits_table.h"
#include "perf/common/sweep.h"

#include <cstdio>
#include <string>

namespace weft::perf {

// One line, without a line break. `limits` may be null.
std::string format_row(const Row& row, int ranks, const LimitsTable* limits);

// The three lines above the table.
std::string format_heading(bool with_limits);

// "# Wrong pages: 0 OK", what a table ends with whose results were checked.
void print_verdict(std::FILE* out, const char* what, std::int64_t wrong);

// Prints rows as they come, and at the end nccl-tests' summary.
class ColumnReporter : public Reporter {
 public:
  // `out` and `limits` (may be null) outlive the reporter.
  ColumnReporter(std::FILE* out, int ranks, const LimitsTable* limits);

  void heading();
  void measured(const Operation&, std::size_t, const Measurement&) override {}
  void row(const Row& row) override;
  void summary(std::int64_t wrong, bool checked);

 private:
  std::FILE* out_;
  int ranks_;
  const LimitsTable* limits_;
  double bus_bandwidth_ = 0;
  int measurements_ = 0;
};

}  // namespace weft::perf
