#include "perf/pairs/columns.h"

#include "perf/common/columns.h"

#include <fmt/format.h>

namespace weft::perf {
namespace {

constexpr double kMiB = 1 << 20;

// Nanoseconds count below a microsecond.
std::string time_text(double us) { return fmt::format("{:.{}f}", us, us < 10 ? 3 : 2); }

std::string optional_text(std::optional<double> value, int decimals) {
  return value ? fmt::format("{:.{}f}", *value, decimals) : "-";
}

std::string own_columns(const PairMeasurement& result) {
  const std::optional<double> line = result.line_ns();
  const std::optional<double> lines =
      line ? std::optional(result.batches.median * 1e3 / *line) : std::nullopt;
  return fmt::format(" {:<9} {:<9} {}", optional_text(line, 0), optional_text(lines, 2),
                     result.wrong ? fmt::to_string(*result.wrong) : "N/A");
}

}  // namespace

std::string latency_heading() {
  return " #bytes    #iterations  t_min[usec]  t_max[usec]  t_typical[usec] t_avg[usec]  "
         "t_stdev[usec] 99%[usec]    99.9%[usec]";
}

std::string latency_row(std::size_t bytes, std::size_t iterations, const Statistics& batches,
                        const Statistics& singles) {
  return fmt::format(" {:<9} {:<12} {:<12} {:<12} {:<15} {:<12} {:<13} {:<12} {:<11}", bytes,
                     iterations, time_text(singles.min), time_text(singles.max),
                     time_text(batches.median), time_text(batches.mean), time_text(singles.stdev),
                     time_text(singles.p99), time_text(singles.p999));
}

std::string bandwidth_heading() {
  return " #bytes    #iterations  BW peak[MB/sec]    BW average[MB/sec]   MsgRate[Mpps]";
}

std::string bandwidth_row(std::size_t bytes, std::size_t iterations, double peak_mb_per_second,
                          double messages_per_second) {
  return fmt::format(" {:<9} {:<12} {:<18.2f} {:<20.2f} {:<13.6f}", bytes, iterations,
                     peak_mb_per_second, messages_per_second * static_cast<double>(bytes) / kMiB,
                     messages_per_second / 1e6);
}

void PairColumns::heading() {
  fmt::print(out_, "{} line[nsec] t/line    #wrong\n",
             mode_.bandwidth ? bandwidth_heading() : latency_heading());
  std::fflush(out_);
}

void PairColumns::measured(const PairMeasurement& result) {
  const std::size_t bytes = result.operation.bytes;
  const auto peak = static_cast<double>(bytes) / (result.batches.min * 1e-6) / kMiB;
  const std::string row =
      mode_.bandwidth ? bandwidth_row(bytes, result.messages, peak, 1e6 / result.batches.mean)
                      : latency_row(bytes, result.messages, result.batches, result.singles);
  fmt::print(out_, "{}{}\n", row, own_columns(result));
  std::fflush(out_);
}

void PairColumns::summary(std::int64_t wrong, bool checked) {
  if (checked) {
    print_verdict(out_, "Wrong bytes", wrong);
  } else {
    fmt::print(out_, "# Wrong bytes: not checked (-c 0)\n");
  }
  std::fflush(out_);
}

}  // namespace weft::perf
