// What a Plan holds.
#pragma once

#include <memory>

#include "communicator/impl.h"

namespace weft {

// What a plan runs: made once, with everything that can be decided beforehand.
class Recipe {
 public:
  virtual ~Recipe() = default;
  // What start(count) runs. Allocates nothing.
  virtual executor::Launch launch(std::size_t count) const = 0;
  // Makes the operation do what the recipe wants before and after it. The recipe outlives it.
  virtual void attach(executor::Operation*) {}
  // For people.
  virtual std::string describe(std::size_t count) const { return weft::describe(launch(count)); }
};

struct Plan::State {
  // `call` has the planned count.
  State(Communicator::Impl& owner, const executor::Call& call, std::unique_ptr<Recipe> what);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void start(std::size_t count);

  const std::shared_ptr<Communicator::Impl> keeps;  // as long as this lives
  Communicator::Impl& communicator;
  const executor::Call call;
  const std::unique_ptr<Recipe> recipe;
  executor::Operation operation;
};

}  // namespace weft
