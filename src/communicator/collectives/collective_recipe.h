// A planned collective, as every rank calls it alike.
#pragma once

#include <vector>

#include "communicator/collectives/plan.h"
#include "communicator/memory/registered.h"

namespace weft {

// Holds a program for each size class up to the planned maximum, so that a launch of any count only
// recuts the blocks.
class CollectiveRecipe : public Recipe {
 public:
  // Collective. Announces the buffers. Throws Error(mismatch).
  CollectiveRecipe(Communicator::Impl& communicator, const Invocation& invocation,
                   const PlanOptions& options);

  executor::Launch launch(std::size_t count) const override;

 private:
  Communicator::Impl& communicator_;
  const Invocation invocation_;
  PeerBuffers peers_;
  bool direct_ = false;
  Registered input_, output_;
  std::vector<const executor::Program*> programs_;  // by size class
};

}  // namespace weft
