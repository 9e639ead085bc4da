// weft in the loop between two ranks: messages, channels and windows, by the public headers alone.
#pragma once

#include <weft/weft.h>

#include "perf/common/candidate.h"
#include "perf/pairs/candidate.h"

namespace weft::perf {

class WeftPair final : public PairCandidate {
 public:
  // `communicator` outlives the candidate. `allocated`: buffers from Communicator::allocate().
  WeftPair(Communicator& communicator, bool allocated);

  std::string name() const override;
  int rank() const override { return communicator_.rank(); }
  int size() const override { return communicator_.size(); }
  void barrier() override { communicator_.barrier(); }
  std::int64_t sum_over_ranks(std::int64_t value) override;
  std::unique_ptr<PairLoop> make_loop(const PairOperation& operation) override;

 private:
  Memory allocate(std::size_t bytes);

  Communicator& communicator_;
  bool allocated_;
};

}  // namespace weft::perf
