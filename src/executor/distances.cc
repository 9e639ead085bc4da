#include "executor/distances.h"

#include <algorithm>

#include "base/cpu.h"

namespace weft::executor {

Distances::Distances(const World& world)
    : world_(world),
      lines_(static_cast<std::size_t>(world.ranks)),
      eager_changes_(kKept * static_cast<std::uint64_t>(world.ranks)) {}

void Distances::change_word(int rank) {
  if (eager_changes_ > 0) {
    --eager_changes_;
  } else {
    next_change_ = waits_ + kSpared;
  }
  std::byte* segment = world_.links[static_cast<std::size_t>(rank)].segment;
  if (segment == nullptr) return;
  memory::probe(segment, world_.layout, world_.rank).value.store(waits_, std::memory_order_relaxed);
}

void Distances::measure(int rank, Line* line) {
  constexpr std::int64_t kMost = 10'000;
  constexpr std::ptrdiff_t kFewest = 3;
  if (line->samples >= kKept) line->next_look = line->asked + kSpared;
  const auto& word = memory::probe(world_.segment, world_.layout, rank).value;
  (void)world_.clock->now_ns();  // fetches what a look at the clock reads
  const std::int64_t before = world_.clock->now_ns();
  finish_before();
  const std::int64_t begin = world_.clock->now_ns();
  finish_before();
  const std::uint64_t value = word.load(std::memory_order_acquire);
  finish_before();
  const std::int64_t end = world_.clock->now_ns();
  if (value == line->seen) return;  // the line may be at hand
  line->seen = value;
  const std::int64_t ns = (end - begin) - (begin - before);
  line->last[line->samples++ % kKept] =
      static_cast<std::int32_t>(std::clamp<std::int64_t>(ns, 1, kMost));
  const auto times = std::min<std::ptrdiff_t>(line->samples, kKept);
  if (times < kFewest) return;
  auto last = line->last;
  std::nth_element(last.begin(), last.begin() + times / 2, last.begin() + times);
  line->ns = last[static_cast<std::size_t>(times / 2)];
}

}  // namespace weft::executor
