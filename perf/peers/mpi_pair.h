// MPI in the loop between two ranks: MPI_Send and MPI_Recv, MPI_Put.
#pragma once

#include "perf/pairs/candidate.h"

namespace weft::perf {

class MpiPair final : public PairCandidate {
 public:
  // After MPI_Init.
  MpiPair();

  std::string name() const override;
  int rank() const override { return rank_; }
  int size() const override { return size_; }
  void barrier() override;
  std::int64_t sum_over_ranks(std::int64_t value) override;
  std::unique_ptr<PairLoop> make_loop(const PairOperation& operation) override;

 private:
  int rank_ = 0;
  int size_ = 1;
};

}  // namespace weft::perf
