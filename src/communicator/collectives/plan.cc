#include "communicator/collectives/plan.h"

#include <utility>

#include "base/error.h"
#include "base/handle.h"

namespace weft {

Plan::State::State(Communicator::Impl& owner, const executor::Call& planned,
                   std::unique_ptr<Recipe> what)
    : keeps(owner.shared_from_this()), communicator(owner), call(planned), recipe(std::move(what)) {
  operation.launch = recipe->launch(call.count);
  recipe->attach(&operation);
}

Plan::State::~State() {
  communicator.links().progress.enter();
  try {
    communicator.executor->wait(&operation);
  } catch (const Error&) {
    // The executor is poisoned and has forgotten the operation; later calls say so.
  }
}

void Plan::State::start(std::size_t count) {
  if (operation.queued)
    fail(ErrorCode::invalid_argument, "Plan::start: the previous start is not complete");
  if (count != operation.launch.call.count) {
    if (count > call.count) {
      fail(ErrorCode::invalid_argument, "Plan::start: {} elements, planned for at most {}", count,
           call.count);
    }
    if (count == 0 && call.count > 0) return;
    operation.launch = recipe->launch(count);
  }
  if (call.count > 0) communicator.executor->start(&operation);
}

namespace {

Plan::State& checked(const detail::Handle<Plan::State>& state) {
  return filled(state, "Plan", "Communicator::plan_...");
}

}  // namespace

void Plan::start() { start(checked(state_).call.count); }
void Plan::start(std::size_t count) { checked(state_).start(count); }

bool Plan::test() {
  State& state = checked(state_);
  return state.communicator.executor->test(&state.operation);
}

void Plan::wait() {
  State& state = checked(state_);
  state.communicator.executor->wait(&state.operation);
}

void Plan::wait(std::chrono::nanoseconds timeout) {
  State& state = checked(state_);
  state.communicator.executor->wait(&state.operation, timeout);
}

std::string Plan::describe(std::size_t count) const {
  const State& state = checked(state_);
  if (count > state.call.count) {
    fail(ErrorCode::invalid_argument, "Plan::describe: {} elements, planned for at most {}", count,
         state.call.count);
  }
  return state.recipe->describe(count);
}

}  // namespace weft
