// A planned all-reduce with residual and RMSNorm.
#pragma once

#include <vector>

#include "communicator/collectives/decode_arguments.h"
#include "communicator/collectives/plan.h"
#include "reduce/rms_norm.h"

namespace weft {

class RmsNormRecipe : public Recipe {
 public:
  // Collective. `call` was checked. Throws Error(mismatch).
  RmsNormRecipe(Communicator::Impl& communicator, const RmsNormCall& call);

  executor::Launch launch(std::size_t rows) const override;
  void attach(executor::Operation* operation) override;
  std::string describe(std::size_t rows) const override;

 private:
  // Where rows are normalised.
  enum class Form : std::uint8_t {
    by_owner,     // two_shot_direct: by the rank that adds them up, which writes to all
    by_everyone,  // one_shot: every rank adds up and normalises all
    afterwards,   // any all-reduce, then every rank by itself
  };

  Form form(std::size_t rows) const;
  void compile();
  void finish(const executor::FinalBlock& block) const;
  void norm_output(std::size_t rows) const;

  Communicator::Impl& communicator_;
  const RmsNormCall call_;
  const reduce::RmsNormKernel kernel_;
  const std::string wanted_;  // algorithm, empty: none
  PeerBuffers peers_;
  bool mapped_ = false;           // every rank's input and output
  bool residual_mapped_ = false;  // and residual_output
  Registered input_, output_;
  const executor::Program* by_owner_ = nullptr;     // null: cannot serve
  const executor::Program* by_everyone_ = nullptr;  // null: cannot serve
  std::vector<const executor::Program*> plain_;     // by size class
};

// Checks the arguments and makes the plan.
std::unique_ptr<Plan::State> plan_rms_norm(Communicator::Impl& communicator,
                                           const RmsNormCall& call);

}  // namespace weft
