// A planned all-reduce that moves 8-bit codes.
#pragma once

#include <memory>

#include "communicator/collectives/decode_arguments.h"
#include "communicator/collectives/plan.h"
#include "reduce/quantize.h"

namespace weft {

// What travels is an all-reduce of encoded blocks, which no algorithm cuts. Encoded before it
// begins; one_shot adds up and decodes in its last step, two_shot adds up and encodes anew, and the
// result is decoded after it.
class QuantizedRecipe : public Recipe {
 public:
  // Collective. `call` was checked. Throws Error(mismatch).
  QuantizedRecipe(Communicator::Impl& communicator, const QuantizedCall& call);

  executor::Launch launch(std::size_t count) const override;
  void attach(executor::Operation* operation) override;
  std::string describe(std::size_t count) const override;

 private:
  bool one_shot(std::size_t count) const;
  void encode(std::size_t count);
  void finish(const executor::FinalBlock& block) const;
  void decode_sum() const;

  Communicator::Impl& communicator_;
  const QuantizedCall call_;
  const reduce::Codec codec_;
  const std::string wanted_;  // algorithm, empty: none
  std::unique_ptr<std::byte[]> memory_;
  std::byte* codes_ = nullptr;  // this rank's
  std::byte* sum_ = nullptr;    // of all ranks
  Registered registered_;
  const executor::Program* one_shot_ = nullptr;  // null: cannot serve
  const executor::Program* two_shot_ = nullptr;
  std::size_t count_ = 0;  // of what runs now
};

// Checks the arguments and makes the plan.
std::unique_ptr<Plan::State> plan_quantized(Communicator::Impl& communicator,
                                            const QuantizedCall& call);

}  // namespace weft
