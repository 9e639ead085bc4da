#include "base/cpu.h"

#include <algorithm>
#include <chrono>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace weft {
namespace {

bool hands_lines_over() {
#if defined(__x86_64__)
  unsigned highest = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid(0, &highest, &ebx, &ecx, &edx) != 0 && ebx == signature_INTEL_ebx &&
         edx == signature_INTEL_edx && ecx == signature_INTEL_ecx;
#else
  return false;
#endif
}

double pause_ns() {
  using Clock = std::chrono::steady_clock;
  constexpr unsigned kPauses = 128;
  double least = 1e9;
  for (int i = 0; i < 4; ++i) {
    const auto begin = Clock::now();
    cpu_pause(kPauses);
    const std::chrono::duration<double, std::nano> taken = Clock::now() - begin;
    least = std::min(least, taken.count() / kPauses);
  }
  return least;
}

}  // namespace

unsigned poll_pauses() {
  static const unsigned pauses = [] {
    constexpr double kTransferNs = 40;
    constexpr double kMost = 16;
    if (!hands_lines_over()) return 0u;
    return static_cast<unsigned>(std::clamp(kTransferNs / pause_ns() + 0.5, 1.0, kMost));
  }();
  return pauses;
}

}  // namespace weft
