#include "perf/common/ticks.h"

namespace weft::perf {
namespace {

using SteadyClock = std::chrono::steady_clock;

double calibrate() {
  constexpr auto kLongEnough = std::chrono::milliseconds(2);
  const auto start = SteadyClock::now();
  const std::uint64_t first = ticks_now();
  auto end = start;
  while (end - start < kLongEnough) end = SteadyClock::now();
  const std::uint64_t last = ticks_now();
  return std::chrono::duration<double>(end - start).count() / static_cast<double>(last - first);
}

}  // namespace

double seconds_per_tick() {
  static const double value = calibrate();
  return value;
}

}  // namespace weft::perf
