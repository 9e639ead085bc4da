#include "algorithms/ordered.h"

#include "algorithms/compose.h"

#include <weft/collective_traits.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace weft::algorithms {
namespace {

// By the outermost group, then the next, ..., then by number.
std::vector<int> order_of(const PlanInput& plan) {
  std::vector<int> order(static_cast<std::size_t>(plan.ranks));
  std::iota(order.begin(), order.end(), 0);
  for (const topology::Level& level : plan.shape->levels) {
    std::ranges::stable_sort(order, {},
                             [&](int rank) { return level.group[static_cast<std::size_t>(rank)]; });
  }
  return order;
}

}  // namespace

schedule::Schedule in_order(const PlanInput& plan, Generator* generator) {
  const std::vector<int> order = order_of(plan);
  if (std::ranges::is_sorted(order)) return generator(plan);
  const auto number = [&](int rank) {
    return static_cast<int>(std::ranges::find(order, rank) - order.begin());
  };
  Phase phase;
  phase.generator = generator;
  phase.collective = plan.collective;
  phase.sizes = {plan.ranks};
  phase.members = order;
  phase.own = number(plan.rank);
  phase.root = number(plan.root);
  phase.load_store = plan.load_store;
  phase.final = true;
  PlanInput sample = plan;
  sample.lanes = 1;
  const schedule::Schedule frame = generator(sample);
  const bool block_of_rank = traits_of(plan.collective).block_per_rank();
  phase.map = BlockMap::even(0, frame.blocks, frame.blocks);
  if (block_of_rank) phase.map.blocks = order;
  phase.one_by_one = block_of_rank;
  Composer composer(plan, frame.algorithm, frame.blocks);
  composer.add(phase);
  return composer.build();
}

}  // namespace weft::algorithms
