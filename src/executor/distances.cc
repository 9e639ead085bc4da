#include "executor/distances.h"

#include <algorithm>
#include <functional>

namespace weft::executor {
namespace {

// Which of the last times counts, the longest being 0: neither the very longest, which an interrupt
// may have met, nor one of the short ones, of which there may be many: lines that had come before
// they were asked for.
constexpr std::size_t counted_of(std::size_t times) { return times > 8 ? 2 : 1; }

}  // namespace

Distances::Distances(const World& world)
    : world_(world),
      eager_waits_(kKept * static_cast<std::uint64_t>(world.ranks)),
      lines_(static_cast<std::size_t>(world.ranks)) {}

void Distances::change_word(int rank) {
  std::byte* segment = world_.links[static_cast<std::size_t>(rank)].segment;
  if (segment == nullptr) return;
  memory::probe(segment, world_.layout, world_.rank).value.store(waits_, std::memory_order_relaxed);
}

void Distances::measure(int rank, Line* line) {
  constexpr std::int64_t kMost = 10'000;
  const auto& word = memory::probe(world_.segment, world_.layout, rank).value;
  (void)world_.clock->now_ns();  // fetches what a look at the clock reads
  const std::int64_t before = world_.clock->now_ns();
  const std::int64_t begin = world_.clock->now_ns();
  const std::uint64_t value = word.load(std::memory_order_acquire);
  const std::int64_t end = world_.clock->now_ns();
  if (value == line->seen) return;  // the line may be at hand
  line->seen = value;
  const std::int64_t ns = (end - begin) - (begin - before);
  line->last[line->samples++ % kKept] =
      static_cast<std::int32_t>(std::clamp<std::int64_t>(ns, 1, kMost));
  const std::size_t times = std::min<std::size_t>(line->samples, kKept);
  const std::size_t counted = counted_of(times);
  if (counted >= times) return;
  auto sorted = line->last;
  std::nth_element(sorted.begin(), sorted.begin() + counted, sorted.begin() + times,
                   std::greater());
  line->ns = sorted[counted];
}

}  // namespace weft::executor
