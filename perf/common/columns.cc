#include "perf/common/columns.h"

#include <weft/collective_traits.h>

#include "perf/common/names.h"

#include <fmt/format.h>

namespace weft::perf {
namespace {

// Seven characters wide at most: "0.113", "12.41", "98304", "247000".
std::string format_time(double us) {
  if (us >= 10000) return fmt::format("{:.0f}", us);
  if (us >= 1000) return fmt::format("{:.1f}", us);
  return us >= 10 ? fmt::format("{:.2f}", us) : fmt::format("{:.3f}", us);
}

double bus_bandwidth(const Row& row, const Measurement& result, int ranks) {
  return bandwidth(row.bytes, result.timing.microseconds.median) *
         bus_factor(row.operation.collective, ranks);
}

std::string format_measurement(const Row& row, const std::optional<Measurement>& result,
                               int ranks) {
  if (!result) return fmt::format("{:>9}{:>8}{:>8}{:>7}", "-", "-", "-", "-");
  const double us = result->timing.microseconds.median;
  return fmt::format("{:>9}{:>8.2f}{:>8.2f}{:>7}", format_time(us), bandwidth(row.bytes, us),
                     bus_bandwidth(row, *result, ranks),
                     result->wrong ? fmt::to_string(*result->wrong) : "N/A");
}

std::string format_p99(const std::optional<Measurement>& result) {
  return fmt::format("{:>9}", result ? format_time(result->timing.microseconds.p99) : "-");
}

std::string format_fraction(const Row& row, int ranks, const LimitsTable& limits) {
  const auto best = limits.microseconds(row.operation.collective, ranks, row.bytes);
  if (!best || !row.out_of_place) return fmt::format("{:>8}", "-");
  return fmt::format("{:>7.0f}%", 100 * *best / row.out_of_place->timing.microseconds.median);
}

}  // namespace

std::string format_heading(bool with_limits) {
  const std::string placement =
      fmt::format("{:>9}{:>8}{:>8}{:>7}", "time", "algbw", "busbw", "#wrong");
  const std::string units = fmt::format("{:>9}{:>8}{:>8}{:>7}", "(us)", "(GB/s)", "(GB/s)", "");
  std::string text = fmt::format("#{:>12}{:>14}{:>8}{:>8}{:>8} {:^32} {:^32} {:^18}\n", "", "", "",
                                 "", "", "out-of-place", "in-place", "p99 out/in");
  text += fmt::format("#{:>12}{:>14}{:>8}{:>8}{:>8} {} {} {:>9}{:>9}{}\n", "size", "count", "type",
                      "redop", "root", placement, placement, "time", "time",
                      with_limits ? "   limit" : "");
  text += fmt::format("#{:>12}{:>14}{:>8}{:>8}{:>8} {} {} {:>9}{:>9}\n", "(B)", "(elements)", "",
                      "", "", units, units, "(us)", "(us)");
  return text;
}

std::string format_row(const Row& row, int ranks, const LimitsTable* limits) {
  const Operation& operation = row.operation;
  const CollectiveTraits& traits = traits_of(operation.collective);
  const bool typed = traits.moves_data();
  std::string text = fmt::format(
      " {:>12}{:>14}{:>8}{:>8}{:>8} {} {} {}{}", row.bytes, operation.count,
      typed ? text_of(operation.type) : "none", traits.reduces ? text_of(operation.op) : "none",
      traits.rooted() ? operation.root : -1, format_measurement(row, row.out_of_place, ranks),
      format_measurement(row, row.in_place, ranks), format_p99(row.out_of_place),
      format_p99(row.in_place));
  if (limits != nullptr) text += format_fraction(row, ranks, *limits);
  return text;
}

void print_verdict(std::FILE* out, const char* what, std::int64_t wrong) {
  fmt::print(out, "# {}: {} {}\n", what, wrong, wrong == 0 ? "OK" : "FAILED");
}

ColumnReporter::ColumnReporter(std::FILE* out, int ranks, const LimitsTable* limits)
    : out_(out), ranks_(ranks), limits_(limits) {}

void ColumnReporter::heading() {
  fmt::print(out_, "{}", format_heading(limits_ != nullptr));
  std::fflush(out_);
}

void ColumnReporter::row(const Row& row) {
  for (const auto& result : {row.out_of_place, row.in_place}) {
    if (!result) continue;
    bus_bandwidth_ += bus_bandwidth(row, *result, ranks_);
    ++measurements_;
  }
  fmt::print(out_, "{}\n", format_row(row, ranks_, limits_));
  std::fflush(out_);
}

void ColumnReporter::summary(std::int64_t wrong, bool checked) {
  if (checked) {
    print_verdict(out_, "Out of bounds values ", wrong);
  } else {
    fmt::print(out_, "# Out of bounds values : not checked (-c 0)\n");
  }
  fmt::print(out_, "# Avg bus bandwidth    : {:.4g}\n",
             measurements_ > 0 ? bus_bandwidth_ / measurements_ : 0.0);
  std::fflush(out_);
}

}  // namespace weft::perf
