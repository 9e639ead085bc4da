// Describes a job to the tuner.
#pragma once

#include <string>
#include <vector>

#include "communicator/router.h"
#include "executor/world.h"
#include "topology/job.h"
#include "tuner/situation.h"

namespace weft {

// What is the same at every rank.
struct Job {
  const executor::World& world;
  const Router& router;
  const std::vector<topology::Host>& hosts;  // by rank, as each sees its own
  int least_cores = 1;                       // of the machine that has the fewest
};

tuner::Situation situation_of(const Job& job);

// Where a rank sits before anybody knows who maps whose memory: ranks of one machine count as being
// on one host.
topology::Place place_by_machine(const std::vector<topology::Host>& hosts, int rank);

}  // namespace weft
