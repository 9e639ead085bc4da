// In round k every rank sends all it has, 2^k blocks from its own on, to the rank 2^k below:
// log2(p) rounds for any number of ranks.
#include "algorithms/builder.h"
#include "algorithms/generators.h"

#include <algorithm>

namespace weft::algorithms {
namespace {

// `count` blocks from `first` on, modulo the ranks, as one or two runs.
std::vector<Blocks> runs(int first, int count, int ranks) {
  const int straight = std::min(count, ranks - first);
  std::vector<Blocks> parts = {{first, straight}};
  if (straight < count) parts.push_back({0, count - straight});
  return parts;
}

}  // namespace

schedule::Schedule all_gather_bruck(const PlanInput& plan) {
  const int p = plan.ranks;
  const int r = plan.rank;
  Builder builder(plan, "bruck", p);
  if (p == 1) return builder.alone();

  builder.copy({r}, input(r, 0), {to(output(r, r))});
  for (int have = 1; have < p; have *= 2) {
    const int count = std::min(have, p - have);
    const int below = around(r, -have, p);
    const int above = around(r, have, p);
    const int arrives = builder.add_slots(2, count);  // one for each run of blocks
    int number = arrives;
    for (const Blocks& run : runs(r, count, p)) {
      builder.copy(run, output(r, run.first), {to_slot(below, number++)});
    }
    number = arrives;
    for (const Blocks& run : runs(above, count, p)) {
      builder.wait_slot(above, number, run);
      builder.copy(run, slot(r, number++), {to(output(r, run.first))});
    }
  }
  return builder.build();
}

}  // namespace weft::algorithms
