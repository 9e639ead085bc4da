// How far the cores of mapped peers are, measured while the executor works.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "executor/world.h"

namespace weft::executor {

// Whoever waits for a peer changes a word in that peer's memory now and then. Before the peer
// writes to the waiting one's slots, it looks at that word and takes the time: where it was
// changed, its line has to come from the core that changed it. Ranks move from core to core, and a
// virtual machine's cores move too, so that what was true at the start need not be true later.
class Distances {
 public:
  explicit Distances(const World& world);

  // A wait for that peer, which is mapped, has ended. `bytes`: about what it sent meanwhile.
  void waited(int rank, std::size_t bytes) {
    waits_ += weight(bytes);
    if (waits_ >= next_change_) [[unlikely]]
      change_word(rank);
  }

  // About the time of a line from that peer's core to this one's, in ns, for whoever is going to
  // write so many bytes there; 0: not known yet. May measure it.
  std::int64_t line_ns(int rank, std::size_t bytes) {
    Line& line = lines_[static_cast<std::size_t>(rank)];
    line.asked += weight(bytes);
    if (line.asked >= line.next_look) [[unlikely]]
      measure(rank, &line);
    return line.ns;
  }

 private:
  static constexpr std::uint64_t kSpared = 17;  // of small blocks; no multiple of what ranks repeat
  static constexpr unsigned kKept = 8;

  // Large blocks take long enough to measure at each.
  static std::uint64_t weight(std::size_t bytes) { return 1 + (bytes >> 12); }

  struct Line {
    std::array<std::int32_t, kKept> last = {};
    std::uint64_t seen = 0;  // the word's value
    std::uint64_t asked = 0, next_look = 0;
    std::uint32_t samples = 0;
    std::int32_t ns = 0;
  };

  void change_word(int rank);
  void measure(int rank, Line* line);

  const World& world_;
  std::vector<Line> lines_;
  std::uint64_t waits_ = 0, next_change_ = 0;
  std::uint64_t eager_changes_;  // the first ones follow each other
};

}  // namespace weft::executor
