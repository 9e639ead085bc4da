// How far the cores of mapped peers are, measured while the executor works.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/clock.h"

namespace weft::executor {

// The word of a signal was written by its peer just now, so the look that finds it waits until the
// line has come from the peer's core. That is timed at some of the waits: ranks move from core to
// core, and a virtual machine's cores move too, so that what was true at the start need not be
// true later.
class Distances {
 public:
  Distances(int ranks, const Clock& clock)
      : clock_(clock), lines_(static_cast<std::size_t>(ranks)) {}

  // Whether the looks of the next wait are to be timed.
  bool due() const { return due_; }
  // A wait has ended whose looks were not timed.
  void passed() { due_ = ++passed_ % kSpared == 0; }

  // look(): whether the word was there. True counts as a measurement of that rank's distance.
  template <typename Look>
  bool timed(int rank, const Look& look) {
    const std::int64_t before = clock_.now_ns();
    const std::int64_t begin = clock_.now_ns();
    if (!look()) return false;
    const std::int64_t end = clock_.now_ns();
    add(rank, (end - begin) - (begin - before));
    return true;
  }

  // About the time of a line from that rank's core to this one's, in ns; 0: not known yet.
  std::int64_t line_ns(int rank) const { return lines_[static_cast<std::size_t>(rank)].ns; }

 private:
  static constexpr unsigned kSpared = 17;
  static constexpr unsigned kKept = 8;

  struct Line {
    std::array<std::int32_t, kKept> last = {};
    std::uint32_t samples = 0;
    std::int32_t ns = 0;
  };

  void add(int rank, std::int64_t ns);

  const Clock& clock_;
  std::vector<Line> lines_;
  unsigned passed_ = 0;
  bool due_ = true;
};

}  // namespace weft::executor
