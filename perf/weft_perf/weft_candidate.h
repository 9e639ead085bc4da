// weft in the common loop: one-off calls or plans, on plain or allocated memory.
#pragma once

#include <weft/weft.h>

#include "perf/common/candidate.h"

namespace weft::perf {

struct WeftUse {
  bool plan = false;       // plans instead of one-off calls
  bool allocated = false;  // buffers from Communicator::allocate()
};

class WeftCandidate : public Candidate {
 public:
  // `communicator` outlives the candidate.
  WeftCandidate(Communicator& communicator, WeftUse use);

  std::string name() const override;
  int rank() const override { return communicator_.rank(); }
  int size() const override { return communicator_.size(); }
  bool supports(const Operation&) const override { return true; }
  Memory allocate(std::size_t bytes) override;
  void prepare(const Operation& operation) override;
  void run() override;
  void barrier() override { communicator_.barrier(); }
  std::int64_t sum_over_ranks(std::int64_t value) override;

 private:
  Plan make_plan(const Operation& operation);
  void call(const Operation& operation);

  Communicator& communicator_;
  WeftUse use_;
  Operation operation_;
  Plan plan_;
};

}  // namespace weft::perf
