#include "executor/executor.h"

#include <utility>

#include "base/cpu.h"
#include "base/error.h"
#include "executor/lane.h"

namespace weft::executor {

Executor::Executor(const World& world, links::Links& links, std::chrono::nanoseconds timeout)
    : world_(world),
      links_(links),
      timeout_(timeout),
      outbox_(world, links.completions),
      absence_(world, links),
      packets_(world.layout.packet_bytes),
      trail_(2 * world.layout.packet_bytes),
      distances_(world) {
  scratch_.fill(Staging(world.layout.lane_bytes));
  links_.progress.add(this);
}

Executor::~Executor() { links_.progress.remove(this); }

void Executor::throw_if_poisoned() const {
  if (poisoned()) fail(ErrorCode::poisoned, "the communicator failed before: {}", poison_message_);
}

void Executor::start(Operation* operation) {
  if (poison_code_ != ErrorCode::ok) throw_if_poisoned();
  links_.enter();
  operation->queued = true;
  operation->begun = false;
  if (operation->error != nullptr) operation->error = nullptr;
  operation->after = nullptr;
  ++active;
  if (head_ == nullptr) {
    head_ = tail_ = operation;
  } else {
    tail_->after = operation;
    tail_ = operation;
  }
  run(links_.progress.calls_transports());
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

// False if the operation has ended with what its preparation threw.
bool Executor::prepare(Operation* operation) {
  try {
    operation->prepare(operation, operation->prepare_context);
    return true;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::mismatch) {
      // Every rank meets it and goes on to the next operation.
      operation->error = std::current_exception();
      finish_head();
    } else {
      give_up(error.code(), fmt::format("{}: {}", story(*operation), error.what()), world_.rank);
    }
  } catch (const std::exception& error) {
    give_up(ErrorCode::no_resources, fmt::format("{}: {}", story(*operation), error.what()),
            world_.rank);
  }
  return false;
}

namespace {

void rewind(LaneState* lane, const std::vector<Instruction>& code, int passes) {
  lane->next = lane->begin = code.data();
  lane->end = lane->begin + code.size();
  lane->passes_left = passes;
  lane->block = lane->part = 0;
}

}  // namespace

bool Executor::begin(Operation* operation) {
  operation->begun = true;
  operation->sequence = ++sequence_;
  if (operation->prepare != nullptr && !prepare(operation)) return false;
  publish(*operation);
  const Launch& launch = operation->launch;
  if (const Program* form = launch.program->trailing;
      form != nullptr && trail_.admits(*form, launch.pass_bytes(*form))) {
    begin_trailing(operation);
    return true;
  }
  trail_.end_row(launch.program->trailing);
  operation->program = launch.program;
  const auto& code = launch.program->lanes;
  operation->lane_count = operation->active_lanes = static_cast<int>(code.size());
  for (std::size_t i = 0; i < code.size(); ++i) {
    LaneState& lane = operation->lanes[i];
    rewind(&lane, code[i], launch.partition.passes);
    lane.chunk = i;
    lane.epoch = epochs_[i] + 1;
    lane.turn = turns_[i] + 1;
    lane.staging = launch.program->protocol == Protocol::packet ? &packets_ : &scratch_[i];
    enter_pass(*operation, &lane);
    epochs_[i] += static_cast<std::uint64_t>(launch.partition.passes);
    turns_[i] += static_cast<std::uint64_t>(launch.partition.passes);
  }
  return true;
}

// One pass of one lane, as packets are.
void Executor::begin_trailing(Operation* operation) {
  operation->program = operation->launch.program->trailing;
  operation->lane_count = operation->active_lanes = 1;
  LaneState& lane = operation->lanes[0];
  rewind(&lane, operation->program->lanes[0], 1);
  lane.chunk = 0;
  lane.epoch = ++epochs_[0];
  enter_trailing(*operation, &lane, &trail_);
}

void Executor::finish_head() {
  Operation* done = head_;
  head_ = done->after;
  if (head_ == nullptr) tail_ = nullptr;
  --active;
  done->queued = false;
  if (done->complete != nullptr && done->error == nullptr)
    done->complete(done, done->complete_context);
}

// Whether all that an operation waits for comes from peers that are mapped.
bool Executor::awaits_mapped(const Operation& operation) {
  if (!outbox_.drained()) return false;
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

// How many things moved. The executor may be poisoned afterwards, and the operation ended.
int Executor::run_lanes(Operation* operation) {
  int moved = 0;
  try {
    for (int i = 0; i < operation->lane_count; ++i) {
      LaneState& lane = operation->lanes[static_cast<std::size_t>(i)];
      if (lane.passes_left == 0) continue;
      moved += advance(operation, &lane, &outbox_, &distances_);
      if (lane.passes_left == 0) --operation->active_lanes;
    }
  } catch (const PutFailed& failed) {
    give_up(failed.code(), fmt::format("{}: {}", story(*operation), failed.what()), failed.rank());
    ++moved;
  }
  return moved;
}

int Executor::run(bool calls_transports) {
  int moved = 0;
  while (head_ != nullptr) {
    Operation* operation = head_;
    if (!operation->begun && !begin(operation)) {
      ++moved;
      continue;
    }
    moved += run_lanes(operation);
    if (!operation->queued) continue;
    if (calls_transports && needs_transports(*operation))
      moved += links_.progress.poll_transports();
    if (operation->active_lanes > 0 || !outbox_.drained()) return moved;
    if (operation->again) [[unlikely]] {
      operation->again = operation->begun = false;
      continue;
    }
    finish_head();
    ++moved;
  }
  return moved;
}

bool Executor::test(Operation* operation) {
  if (operation->queued) {
    links_.enter();
    if (turn() > 0) test_started_ns_ = 0;
    constexpr unsigned kTestsPerLook = 256;
    if (operation->queued && ++tests_ % kTestsPerLook == 0) {
      const std::int64_t now = links_.progress.clock().now_ns();
      if (test_started_ns_ == 0) test_started_ns_ = now;
      look_around(operation, test_started_ns_, now, timeout_);
    }
    if (operation->queued) return false;
  }
  if (operation->error != nullptr) std::rethrow_exception(operation->error);
  return true;
}

// Turns until the operation has ended, nothing has moved `polls` times in a row, or others have
// moved for long. How often something moved. Most waits end here, so that it does nothing else.
unsigned Executor::spin(const Operation& operation, int polls) {
  constexpr unsigned kMoves = 4096;
  const unsigned pauses = poll_pauses();
  unsigned moves = 0;
  for (int left = polls; operation.queued && left > 0; --left) {
    if (turn() > 0) {
      left = ++moves < kMoves ? polls : 1;
    } else {
      cpu_pause(pauses);
    }
  }
  return moves;
}

void Executor::wait(Operation* operation, std::chrono::nanoseconds timeout) {
  if (operation->queued) links_.enter();
  finish(operation, timeout);
}

void Executor::finish(Operation* operation, std::chrono::nanoseconds timeout) {
  if (operation->queued) {
    spin(*operation, links_.progress.idling().durations.polls_per_look());
    if (operation->queued) wait_long(operation, timeout);
  }
  if (operation->error != nullptr) std::rethrow_exception(operation->error);
}

// Nothing has moved for as long as the clock need not be looked at.
void Executor::wait_long(Operation* operation, std::chrono::nanoseconds timeout) {
  IdleStrategy idle(links_.progress.idling());
  const Clock& clock = links_.progress.clock();
  const std::int64_t started = clock.now_ns();
  for (std::int64_t now = started; operation->queued; now = clock.now_ns()) {
    look_around(operation, started, now, timeout);
    if (!operation->queued) return;
    idle.rest(clock, now, [&] {
      links_.progress.sleep(timeout - std::chrono::nanoseconds(now - started),
                            [this] { return turn() > 0; });
    });
    if (spin(*operation, idle.polls_per_look()) > 0) idle.reset();
  }
}

}  // namespace weft::executor
