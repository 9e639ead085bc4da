// What direct algorithms share: peers' buffers are used in place, between two meetings of all
// ranks.
#pragma once

#include "algorithms/builder.h"

#include <string_view>
#include <vector>

namespace weft::algorithms {

// A schedule of a block for each rank in which `work(builder)` runs when all ranks have started,
// and nobody ends before all are through with it.
template <typename Work>
schedule::Schedule between_meetings(const PlanInput& plan, std::string_view algorithm,
                                    const Work& work) {
  const int p = plan.ranks;
  Builder builder(plan, algorithm, p, true);
  if (p == 1) return builder.alone();
  builder.reserve(4 * p + p / 3);
  const int entry = builder.add_peer_slots(0);
  const int done = builder.add_peer_slots(0);
  builder.signal_all(entry);
  builder.wait_all(entry);
  work(builder);
  builder.signal_all(done);
  builder.wait_all(done);
  return builder.build();
}

// Rank r reduces block r of everyone's input, in rank order, into `destinations`.
inline schedule::Schedule reduce_own_block(const PlanInput& plan, std::string_view algorithm,
                                           const std::vector<schedule::Destination>& destinations) {
  return between_meetings(plan, algorithm, [&](Builder& builder) {
    const int r = plan.rank;
    std::vector<schedule::Operand> sources;
    sources.reserve(static_cast<std::size_t>(plan.ranks));
    for (int q = 0; q < plan.ranks; ++q) sources.push_back(input(q, r));
    builder.reduce({r}, sources, destinations, slot(r, builder.add_scratch()), true);
  });
}

// Where block r of every rank's output is, the own one first.
inline std::vector<schedule::Destination> every_output(const PlanInput& plan) {
  std::vector<schedule::Destination> outputs;
  outputs.reserve(static_cast<std::size_t>(plan.ranks));
  for (int distance = 0; distance < plan.ranks; ++distance)
    outputs.push_back(to(output(around(plan.rank, distance, plan.ranks), plan.rank)));
  return outputs;
}

}  // namespace weft::algorithms
