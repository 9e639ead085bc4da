#include "perf/pairs/check.h"

#include <algorithm>

namespace weft::perf {
namespace {

// Splitmix64's finisher: neighbours differ in all bits.
std::uint64_t mixed(std::uint64_t value) {
  value ^= value >> 30;
  value *= 0xbf58476d1ce4e5b9;
  value ^= value >> 27;
  value *= 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

class Pattern {
 public:
  Pattern(std::uint64_t seed, int rank)
      : start_(mixed(2 * seed + static_cast<std::uint64_t>(rank))) {}

  // The byte at an index. Words of 8 bytes are drawn anew.
  std::byte at(std::size_t index) const {
    const std::uint64_t word = mixed(start_ + index / 8);
    return static_cast<std::byte>(word >> (index % 8 * 8));
  }

 private:
  std::uint64_t start_;
};

}  // namespace

void fill_pattern(std::span<std::byte> bytes, std::uint64_t seed, int rank) {
  const Pattern pattern(seed, rank);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = pattern.at(i);
}

std::size_t count_wrong(std::span<const std::byte> bytes, std::uint64_t seed, int rank) {
  const Pattern pattern(seed, rank);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) wrong += bytes[i] != pattern.at(i);
  return wrong;
}

std::int64_t check_pair(Job& job, PairLoop& loop, std::uint64_t seed) {
  constexpr std::uint64_t kRuns = 3;
  std::int64_t wrong = 0;
  loop.keep_incoming(true);
  for (std::uint64_t run = 0; run < kRuns; ++run) {
    const std::uint64_t pattern = seed * kRuns + run;
    fill_pattern(loop.outgoing(), pattern, job.rank());
    std::ranges::fill(loop.incoming(), std::byte{0xa5});
    job.barrier();  // nobody may still write what was filled
    loop.run(1);
    wrong += static_cast<std::int64_t>(count_wrong(loop.incoming(), pattern, 1 - job.rank()));
    job.barrier();
  }
  loop.keep_incoming(false);
  return job.sum_over_ranks(wrong);
}

}  // namespace weft::perf
