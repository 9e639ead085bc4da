// Everyone writes its block to everyone's output, once all have started.
#include "algorithms/builder.h"
#include "algorithms/generators.h"

namespace weft::algorithms {

schedule::Schedule all_gather_one_shot_direct(const PlanInput& plan) {
  const int p = plan.ranks;
  const int r = plan.rank;
  Builder builder(plan, "one_shot_direct", p, true);
  if (p == 1) return builder.alone();
  builder.reserve(4 * p + p / 3);
  const int entry = builder.add_peer_slots(0);
  const int done = builder.add_peer_slots(0);

  builder.signal_all(entry);
  builder.wait_all(entry);
  std::vector<schedule::Destination> targets;
  for (int distance = 0; distance < p; ++distance) {
    targets.push_back(to(output(around(r, distance, p), r)));
  }
  builder.copy({r}, input(r, 0), targets);
  builder.signal_all(done);
  builder.wait_all(done);
  return builder.build();
}

}  // namespace weft::algorithms
