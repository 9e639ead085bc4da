// Describes a job to the tuner.
#pragma once

#include <string>
#include <vector>

#include "communicator/router.h"
#include "executor/world.h"
#include "tuner/situation.h"

namespace weft {

// What is the same at every rank.
struct Job {
  const executor::World& world;
  const Router& router;
  const std::vector<std::string>& machines;  // by rank
  int least_cores = 1;                       // of the machine that has the fewest
};

tuner::Situation situation_of(const Job& job);

}  // namespace weft
