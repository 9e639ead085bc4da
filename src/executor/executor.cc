#include "executor/executor.h"

#include "base/cpu.h"
#include "base/error.h"
#include "executor/lane.h"

namespace weft::executor {

Executor::Executor(const World& world, std::chrono::nanoseconds timeout)
    : world_(world),
      patience_limits_(limits_of(world.wait_policy, !world.all_load_store())),
      timeout_(timeout),
      sleeper_(reinterpret_cast<memory::Control*>(world.pad)->sleeping, world.transports,
               !world.all_load_store()) {}

void Executor::throw_if_poisoned() const {
  if (poisoned()) fail(ErrorCode::poisoned, "the communicator failed before: {}", poison_message_);
}

void Executor::start(Operation* operation) {
  if (poison_code_ != ErrorCode::ok) throw_if_poisoned();
  operation->queued = true;
  operation->begun = false;
  operation->after = nullptr;
  if (head_ == nullptr) {
    head_ = tail_ = operation;
  } else {
    tail_->after = operation;
    tail_ = operation;
  }
  progress();
}

// Written plainly and read by peers only for their error messages: these stores cost nothing while
// nobody looks.
void Executor::publish(const Operation& operation) {
  memory::Status& status = control().status;
  // Peers may look in between: 0 says that the rest is being changed.
  status.sequence.store(0, std::memory_order_relaxed);
  status.call.store(operation.launch.call.packed(), std::memory_order_release);
  status.count.store(operation.launch.call.count, std::memory_order_release);
  status.parts.store(operation.launch.call.parts, std::memory_order_release);
  status.sequence.store(operation.sequence, std::memory_order_release);
}

void Executor::begin(Operation* operation) {
  operation->begun = true;
  operation->sequence = ++sequence_;
  if (operation->prepare != nullptr) operation->prepare(operation, operation->prepare_context);
  publish(*operation);
  const Launch& launch = operation->launch;
  const auto& code = launch.program->lanes;
  operation->puts_posted = operation->puts_completed = 0;
  operation->lane_count = operation->active_lanes = static_cast<int>(code.size());
  const std::uint64_t signature = launch.call.signature();
  for (std::size_t i = 0; i < code.size(); ++i) {
    LaneState& lane = operation->lanes[i];
    lane.next = lane.begin = code[i].data();
    lane.end = lane.begin + code[i].size();
    lane.passes_left = launch.partition.passes;
    lane.chunk = i;
    lane.epoch = epochs_[i] + 1;
    lane.block = lane.line = lane.generation = 0;
    enter_pass(launch, &lane, signature);
    epochs_[i] += static_cast<std::uint64_t>(launch.partition.passes);
  }
}

void Executor::finish_head() {
  Operation* done = head_;
  head_ = done->after;
  if (head_ == nullptr) tail_ = nullptr;
  done->queued = false;
  if (done->complete != nullptr) done->complete(done, done->complete_context);
}

// Whether all that an operation waits for comes from peers that are mapped.
bool Executor::awaits_mapped(const Operation& operation) const {
  if (operation.puts_completed != operation.puts_posted) return false;
  for (int i = 0; i < operation.lane_count; ++i) {
    const LaneState& lane = operation.lanes[static_cast<std::size_t>(i)];
    if (lane.passes_left == 0) continue;
    const bool waits = lane.next->kind == StepKind::wait;
    if (!waits || !world_.links[static_cast<std::size_t>(lane.next->peer)].load_store) return false;
  }
  return true;
}

// A poll of a transport may be a system call, which a rank that waits for a mapped peer can mostly
// spare itself and the others of its core.
bool Executor::needs_transports(const Operation& operation) {
  constexpr unsigned kSpared = 16;
  return !awaits_mapped(operation) || ++spared_ % kSpared == 0;
}

int Executor::advance_or_give_up(Operation* operation, LaneState* lane) {
  try {
    return advance(operation, lane);
  } catch (const PutFailed& failed) {
    give_up(failed.code(), fmt::format("{}: {}", story(*operation), failed.what()), failed.peer());
  }
}

int Executor::progress() {
  int moved = move_backgrounds();
  while (head_ != nullptr) {
    Operation* operation = head_;
    if (!operation->begun) begin(operation);
    for (int i = 0; i < operation->lane_count; ++i) {
      LaneState& lane = operation->lanes[static_cast<std::size_t>(i)];
      if (lane.passes_left == 0) continue;
      moved += advance_or_give_up(operation, &lane);
      if (lane.passes_left == 0) --operation->active_lanes;
    }
    if (sleeper_.polls_transports() && needs_transports(*operation)) {
      for (transport::Transport* transport : world_.transports) moved += transport->progress();
    }
    if (operation->active_lanes > 0 || operation->puts_completed != operation->puts_posted)
      return moved;
    finish_head();
    ++moved;
  }
  return moved;
}

bool Executor::test(Operation* operation) {
  if (!operation->queued) return true;
  if (poison_code_ != ErrorCode::ok) throw_if_poisoned();
  if (progress() > 0) test_started_ns_ = 0;
  if (!operation->queued) return true;
  constexpr unsigned kTestsPerLook = 256;
  if (++tests_ % kTestsPerLook == 0) {
    const std::int64_t now = world_.clock->now_ns();
    if (test_started_ns_ == 0) test_started_ns_ = now;
    look_around(operation, test_started_ns_, now, timeout_);
  }
  return false;
}

void Executor::wait(Operation* operation, std::chrono::nanoseconds timeout) {
  if (!operation->queued) return;
  if (poison_code_ != ErrorCode::ok) throw_if_poisoned();
  Patience patience(patience_limits_);
  const unsigned pauses = poll_pauses();
  std::int64_t started = -1;
  while (operation->queued) {
    if (progress() > 0) {
      patience.reset();
      continue;
    }
    if (!patience.due()) {
      cpu_pause(pauses);
      continue;
    }
    const std::int64_t now = world_.clock->now_ns();
    if (started < 0) started = now;
    look_around(operation, started, now, timeout);
    rest(patience.next(now), [&] {
      sleeper_.sleep(timeout - std::chrono::nanoseconds(now - started),
                     [this] { return progress() > 0; });
    });
  }
}

}  // namespace weft::executor
