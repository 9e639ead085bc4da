// Why ranks of a communicator do not answer any more: they failed, or they left it in good order.
#pragma once

#include <string>
#include <vector>

#include "executor/world.h"
#include "links/links.h"

namespace weft::executor {

class Absence {
 public:
  // All outlives it.
  Absence(const World& world, const links::Links& links)
      : world_(world), links_(links), left_(world.links.size()) {}

  // Notes who has left since the last look: ranks write that into this one's segment. Who ends all
  // that it has in common with this one is reported as a failure by some transports.
  void look();
  bool any() const { return any_left_ || links_.failures.any(); }
  // Null while the rank is there, as far as this one knows. One that has left is still connected:
  // it counts as absent once nothing is on its way to it, since what is reads memory of callers.
  const std::string* of(int rank) const;

 private:
  const World& world_;
  const links::Links& links_;
  std::vector<bool> left_;  // by rank
  bool any_left_ = false;
};

}  // namespace weft::executor
