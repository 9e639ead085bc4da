#include "communicator/plan.h"

#include <utility>

#include "base/error.h"
#include "communicator/arguments.h"
#include "tuner/tuner.h"

namespace weft {

Plan::State::State(Communicator::Impl& owner, const Invocation& call)
    : communicator(owner), invocation(call) {
  const Announcement mine = owner.announcement(call);
  std::vector<Announcement> all(static_cast<std::size_t>(owner.ranks()));
  owner.gather(&mine, all.data(), sizeof(Announcement));
  owner.check_same_call(all);
  direct = owner.announces(call.call, tuner::direct_bytes(owner.ranks())) &&
           owner.map_peers(call.call, all, &peers);
  const std::size_t bytes = call.call.count * size_of(call.call.type);
  for (int k = 0; k <= size_class(bytes); ++k) {
    programs.push_back(
        &owner.programs->find(call.call.collective, call.call.root, std::size_t{1} << k, direct));
  }
  operation.launch = launch(call.call.count);
  register_buffers();
}

// What is copied on its way is not worth it.
void Plan::State::register_buffers() {
  constexpr std::size_t kWorthwhile = std::size_t{4} << 10;
  const BufferBytes bytes = buffer_bytes(invocation.call, communicator.ranks());
  const executor::World& world = communicator.world();
  if (bytes.input > kWorthwhile) input = Registered(world, invocation.input, bytes.input);
  if (bytes.output > kWorthwhile) output = Registered(world, invocation.output, bytes.output);
}

Plan::State::~State() {
  try {
    communicator.executor->wait(&operation);
  } catch (const Error&) {
    // The executor is poisoned and has forgotten the operation; later calls say so.
  }
}

executor::Launch Plan::State::launch(std::size_t count) const {
  executor::Call call = invocation.call;
  call.count = count;
  const auto k = static_cast<std::size_t>(size_class(count * size_of(call.type)));
  executor::Launch launch = Programs::launch(call, *programs[k], communicator.ranks());
  launch.input = static_cast<const std::byte*>(invocation.input);
  launch.output = static_cast<std::byte*>(invocation.output);
  launch.peer_inputs = peers.inputs.data();
  launch.peer_outputs = peers.outputs.data();
  return launch;
}

void Plan::State::start(std::size_t count) {
  if (operation.queued)
    fail(ErrorCode::invalid_argument, "Plan::start: the previous start is not complete");
  if (count != operation.launch.call.count) {
    if (count > invocation.call.count) {
      fail(ErrorCode::invalid_argument, "Plan::start: {} elements, planned for at most {}", count,
           invocation.call.count);
    }
    if (count == 0 && invocation.call.count > 0) return;
    operation.launch = launch(count);
  }
  if (invocation.call.count > 0) communicator.executor->start(&operation);
}

std::unique_ptr<Plan::State> Communicator::Impl::plan(const Invocation& invocation) {
  check_arguments(invocation.call, rank(), ranks(), invocation.input, invocation.output);
  return std::make_unique<Plan::State>(*this, invocation);
}

Plan::Plan() = default;
Plan::Plan(Plan&&) noexcept = default;
Plan& Plan::operator=(Plan&&) noexcept = default;
Plan::~Plan() = default;

namespace {

Plan::State& checked(const std::unique_ptr<Plan::State>& state) {
  if (state == nullptr)
    fail(ErrorCode::invalid_argument, "Plan: empty; make one with Communicator::plan_...");
  return *state;
}

}  // namespace

void Plan::start() { start(checked(state_).invocation.call.count); }
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
  if (count > state.invocation.call.count) {
    fail(ErrorCode::invalid_argument, "Plan::describe: {} elements, planned for at most {}", count,
         state.invocation.call.count);
  }
  return weft::describe(state.launch(count));
}

}  // namespace weft
